import { describe, expect, test } from 'vitest'
import { startSemaphoreFixture, type SemaphoreFixture } from '../http-fixture.ts'

const TEXT = { 'content-type': 'text/plain' }
const post = (url: string, body = 'This is a message.', headers: Record<string, string> = TEXT) =>
  fetch(url, { method: 'POST', headers, body })
const submitAll = async ({ url }: SemaphoreFixture, ...ids: readonly string[]) => {
  for (const id of ids) await post(`${url}/command/r`, id, { ...TEXT, 'command-id': id })
}

describe('POST /command', () => {
  test('submits the body to a new resource and answers its ids', async () => {
    await using fixture = await startSemaphoreFixture()
    const response = await post(`${fixture.url}/command`)
    expect([response.status, response.headers.get('content-type')]).toEqual([201, 'application/json'])
    const { resourceId, commandId, ...others } = (await response.json()) as Record<string, string>
    expect([resourceId, commandId]).toEqual([expect.stringMatching(/^[0-9a-f-]{36}$/), expect.stringMatching(/^[0-9a-f-]{36}$/)])
    expect(others).toEqual({})
    expect(response.headers.get('location')).toBe(`/command/${commandId}`)
    expect([response.headers.get('command-state'), response.headers.get('command-place')]).toEqual(['running', '1'])
    expect(response.headers.get('command-token')).toBe('1')
    expect(fixture.memory.steps).toMatchObject([{ kind: 'submit', resource: resourceId, commandId, priority: 0 }])
    expect((fixture.memory.steps[0] as { payload: Buffer }).payload.toString()).toBe('This is a message.')
  })

  test('chooses another resource for each command', async () => {
    await using fixture = await startSemaphoreFixture()
    const ids = await Promise.all([1, 2].map(async () => ((await (await post(`${fixture.url}/command`)).json()) as never)['resourceId']))
    expect(new Set(ids).size).toBe(2)
  })

  test('takes any bytes of any content type', async () => {
    await using fixture = await startSemaphoreFixture()
    const bytes = Uint8Array.of(0, 255, 128, 13, 10)
    const headers = { 'content-type': 'application/x-www-form-urlencoded' }
    expect((await fetch(`${fixture.url}/command`, { method: 'POST', headers, body: bytes })).status).toBe(201)
    expect((await fetch(`${fixture.url}/command`, { method: 'POST' })).status).toBe(201)
    expect(fixture.memory.steps.map(step => (step as { payload: Buffer }).payload.toString('hex'))).toEqual(['00ff800d0a', ''])
  })
})

describe('POST /command/{resourceId}', () => {
  test('answers 201 for a new id, 200 for the same again, and 409 for another command of this id', async () => {
    await using fixture = await startSemaphoreFixture()
    const submit = (resource: string, body: string) =>
      post(`${fixture.url}/command/${resource}`, body, { ...TEXT, 'command-id': 'a', priority: '7' })
    const first = await submit('printer-1', 'x')
    expect([first.status, await first.json()]).toEqual([201, { resourceId: 'printer-1', commandId: 'a' }])
    const again = await submit('printer-1', 'x')
    expect([again.status, await again.json()]).toEqual([200, { resourceId: 'printer-1', commandId: 'a' }])
    expect(again.headers.get('command-repeated')).toBe('true')
    const other = await submit('printer-2', 'x')
    expect(other.status).toBe(409)
    expect(await other.json()).toEqual({
      code: 'already_exists',
      message: 'command id: got "a", which is a command for resource "printer-1", expected an id of its own for each command',
      reason: 'id_in_use',
      resourceId: 'printer-1',
    })
    expect((await submit('printer-1', 'y')).status).toBe(409)
    expect(fixture.memory.steps[0]).toMatchObject({ priority: 7 })
  })

  test('answers 429 with the limit, the length and the pause if the queue is full, and stores nothing', async () => {
    await using fixture = await startSemaphoreFixture()
    await submitAll(fixture, 'a', 'b', 'c', 'd')
    const full = await post(`${fixture.url}/command/r`, 'e', { 'command-id': 'e' })
    expect([full.status, full.headers.get('retry-after')]).toEqual([429, '1'])
    expect(await full.json()).toMatchObject({ code: 'resource_exhausted', reason: 'queue_full', limit: 3, waiting: 3, retryAfterMs: 1_000 })
    expect((await fetch(`${fixture.url}/command/e`)).status).toBe(404)
  })

  test.each([
    ['/command/a%2Fb%3Fc%25', 'a/b?c%'],
    ['/command/%E2%82%AC%20%F0%9F%98%80', '€ 😀'],
    ['/command/..%2f..', '../..'],
    ['/command/a;b=c,d', 'a;b=c,d'],
    [`/command/${'x'.repeat(200)}`, 'x'.repeat(200)],
  ])('takes %s for a resource', async (path, id) => {
    await using fixture = await startSemaphoreFixture()
    const response = await post(fixture.url + path)
    expect([response.status, await response.json()]).toMatchObject([201, { resourceId: id }])
    const read = await fetch(`${fixture.url}${path.replace('/command/', '/resource/')}`)
    expect(await read.json()).toMatchObject({ resourceId: id, running: 1 })
  })

  test.each([
    ['/command/%00', 'resourceId: got "\\u0000", expected 1 to 200 characters without control characters'],
    ['/command/a%0Ab', 'resourceId: got "a\\nb", expected 1 to 200 characters without control characters'],
    ['/command/%ff', 'resourceId: got "%ff", expected UTF-8 in percent-encoding'],
    ['/command/%', 'resourceId: got "%", expected UTF-8 in percent-encoding'],
    ['/command/%ED%A0%80', 'resourceId: got "%ED%A0%80", expected UTF-8 in percent-encoding'],
    [`/command/${'x'.repeat(201)}`, /^resourceId: got "x+"… \(201 characters\), expected 1 to 200 characters/],
    ['/command/r?priority=1', 'query parameter: got "priority", expected none'],
  ])('refuses %s', async (path, message) => {
    await using fixture = await startSemaphoreFixture()
    const response = await post(fixture.url + path)
    const json = (await response.json()) as Record<string, string>
    expect([response.status, json['code']]).toEqual([400, 'invalid_argument'])
    expect(json['message']).toEqual(typeof message === 'string' ? message : expect.stringMatching(message))
    expect(fixture.memory.steps).toEqual([])
  })

  test.each([
    [{ 'command-id': '' }, 'header command-id: got nothing, expected 1 to 200 printable ASCII characters'],
    [{ 'command-id': 'é' }, /^header command-id: got .+, expected 1 to 200 printable ASCII characters$/],
    [{ priority: '10' }, 'header priority: got 10, expected an integer from 0 to 9'],
    [{ priority: '-1' }, 'header priority: got "-1", expected an integer from 0 to 9'],
    [{ priority: '' }, 'header priority: got "", expected an integer from 0 to 9'],
  ])('refuses the headers %j', async (headers, message) => {
    await using fixture = await startSemaphoreFixture()
    const response = await post(`${fixture.url}/command/r`, 'x', headers)
    const json = (await response.json()) as Record<string, string>
    expect([response.status, json['message']]).toEqual([400, typeof message === 'string' ? message : expect.stringMatching(message)])
    expect(fixture.memory.steps).toEqual([])
  })

  test('answers 413 to a command over the limit, and takes one at the limit', async () => {
    await using fixture = await startSemaphoreFixture({ maxCommandBytes: 1_000 })
    const long = await post(`${fixture.url}/command/r`, 'x'.repeat(1_001))
    expect([long.status, await long.json()]).toEqual([
      413,
      { code: 'resource_exhausted', message: 'request body: got 1001 bytes, expected at most 1000' },
    ])
    expect((await post(`${fixture.url}/command/r`, 'x'.repeat(1_000))).status).toBe(201)
    expect(fixture.memory.steps).toHaveLength(1)
  })

  test('answers 415 to a compressed body, because it would be stored without its encoding', async () => {
    await using fixture = await startSemaphoreFixture()
    const response = await post(`${fixture.url}/command/r`, 'x', { 'content-encoding': 'gzip' })
    expect([response.status, await response.json()]).toMatchObject([
      415,
      { message: 'content-encoding: got "gzip", expected none: the body is taken as it is' },
    ])
  })
})

describe('POST /event/{resourceId}/{commandId}', () => {
  const event = (fixture: SemaphoreFixture, path: string, body?: string, type = 'application/json') =>
    fetch(`${fixture.url}/event/${path}`, { method: 'POST', ...(body !== undefined && { body, headers: { 'content-type': type } }) })

  test('finishes a command, and lets the next one run; once more changes nothing', async () => {
    await using fixture = await startSemaphoreFixture()
    await submitAll(fixture, 'a', 'b')
    const done = await event(fixture, 'r/a?token=1')
    expect([done.status, await done.json()]).toEqual([200, { resourceId: 'r', commandId: 'a' }])
    expect([done.headers.get('command-state'), done.headers.get('command-token')]).toEqual(['finished', '1'])
    expect(await (await fetch(`${fixture.url}/command/b`)).json()).toMatchObject({ state: 'running', token: 2, payload: 'b' })
    const again = await event(fixture, 'r/a')
    expect([again.status, again.headers.get('command-repeated')]).toEqual([200, 'true'])
    expect(await (await fetch(`${fixture.url}/resource/r`)).json()).toMatchObject({ running: 1, waiting: 0 })
  })

  test('extends a lease', async () => {
    await using fixture = await startSemaphoreFixture()
    await submitAll(fixture, 'a')
    expect(await (await event(fixture, 'r/a?event=extend')).json()).toEqual({ resourceId: 'r', commandId: 'a' })
    await fetch(`${fixture.url}/resource/r/limits`, { method: 'PUT', body: '{"leaseMs":60000}' })
    expect(await (await event(fixture, 'r/a', '{"event":"extend","token":"1"}')).json()).toMatchObject({ leaseUntilMs: expect.any(Number) })
  })

  test('cancels a command, at once or when its holder confirms', async () => {
    await using fixture = await startSemaphoreFixture()
    await submitAll(fixture, 'a', 'b')
    const cancelling = await event(fixture, 'r/a', '{"event":"cancel","when":"confirmed","token":1}')
    expect([cancelling.status, cancelling.headers.get('command-state')]).toEqual([200, 'cancelling'])
    expect((await event(fixture, 'r/a')).headers.get('command-state')).toBe('cancelled')
    expect((await event(fixture, 'r/b?event=cancel')).headers.get('command-state')).toBe('cancelled')
    expect(await (await fetch(`${fixture.url}/resource/r`)).json()).toMatchObject({ running: 0, waiting: 0 })
  })

  test.each([
    ['r/b', 409, { code: 'failed_precondition', reason: 'not_running', state: 'waiting' }],
    ['r/a?token=2', 409, { code: 'failed_precondition', reason: 'stale_token', token: 1 }],
    ['r/none', 404, { code: 'not_found', reason: 'unknown_command' }],
    ['other/a', 404, { code: 'not_found' }],
  ])('refuses %s with %i and changes nothing', async (path, status, json) => {
    await using fixture = await startSemaphoreFixture()
    await submitAll(fixture, 'a', 'b')
    const response = await event(fixture, path)
    expect([response.status, await response.json()]).toMatchObject([status, json])
    expect(await (await fetch(`${fixture.url}/resource/r`)).json()).toMatchObject({ running: 1, waiting: 1 })
  })

  test.each([
    ['r/a?tokn=1', undefined, 'query parameter: got "tokn", expected one of event, token, when'],
    ['r/a?token=1&token=1', undefined, 'query parameter token: got it twice, expected it once'],
    ['r/a?token=0', undefined, 'token: got "0", expected an integer from 1 to 9223372036854775807'],
    ['r/a?token=9223372036854775808', undefined, 'token: got "9223372036854775808", expected an integer from 1 to 9223372036854775807'],
    ['r/a?event=done', undefined, 'event: got "done", expected one of finished, extend, cancel'],
    ['r/a?when=now', undefined, 'when: got "now", expected none, because of the event finished'],
    ['r/a?event=cancel&when=later', undefined, 'when: got "later", expected one of now, confirmed'],
    ['r/a', '{"event":"cancel"', /^request body: got bytes that are not JSON \(.+\), expected a JSON object$/],
    ['r/a', '[]', 'request body: got an array, expected a JSON object'],
    ['r/a', 'null', 'request body: got null, expected a JSON object'],
    ['r/a', '{"Event":"cancel"}', 'field: got "Event", expected one of event, token, when'],
    ['r/a', '{"__proto__":"cancel"}', 'field: got "__proto__", expected one of event, token, when'],
    ['r/a', '{"event":5}', 'event: got 5, expected a JSON string'],
    ['r/a', '{"token":1.5}', 'token: got 1.5, expected a JSON string'],
    ['r/a', '{"token":9007199254740993}', 'token: got 9007199254740992, expected a JSON string'],
    ['r/a?event=cancel', '{"event":"finished"}', 'event: got it in the query and in the body, expected it once'],
  ])('refuses %s with the body %s', async (path, body, message) => {
    await using fixture = await startSemaphoreFixture()
    await submitAll(fixture, 'a')
    const response = await event(fixture, path, body)
    const json = (await response.json()) as Record<string, string>
    expect([response.status, json['code']]).toEqual([400, 'invalid_argument'])
    expect(json['message']).toEqual(typeof message === 'string' ? message : expect.stringMatching(message))
    expect(fixture.memory.steps).toHaveLength(1)
  })

  test('refuses a body that it does not read: it could name another event', async () => {
    await using fixture = await startSemaphoreFixture()
    await submitAll(fixture, 'a')
    const response = await event(fixture, 'r/a', 'cancel', 'text/plain')
    expect([response.status, await response.json()]).toMatchObject([
      415,
      { message: 'content-type: got "text/plain", expected application/json, or no body' },
    ])
    expect(fixture.memory.steps).toHaveLength(1)
  })
})

describe('DELETE /command/{resourceId}/{commandId}', () => {
  test('cancels a waiting command at once, and a running one when its holder confirms', async () => {
    await using fixture = await startSemaphoreFixture()
    await submitAll(fixture, 'a', 'b')
    const cancel = (path: string) => fetch(`${fixture.url}/command/r/${path}`, { method: 'DELETE' })
    const waiting = await cancel('b')
    expect([waiting.status, await waiting.json(), waiting.headers.get('command-state')]).toEqual([
      200,
      { resourceId: 'r', commandId: 'b' },
      'cancelled',
    ])
    expect((await cancel('b')).headers.get('command-repeated')).toBe('true')
    expect((await cancel('a?when=confirmed&token=1')).headers.get('command-state')).toBe('cancelling')
    expect((await cancel('a?token=7')).status).toBe(409)
    expect((await cancel('a')).headers.get('command-state')).toBe('cancelled')
    expect((await cancel('none')).status).toBe(404)
  })
})

describe('resources', () => {
  test('are listed and read with their queues, page by page', async () => {
    await using fixture = await startSemaphoreFixture()
    await submitAll(fixture, 'a', 'b', 'c')
    await post(`${fixture.url}/command/s`)
    const get = async (path: string) => (await fetch(fixture.url + path)).json() as Promise<Record<string, unknown>>
    expect(await get('/resource')).toMatchObject({ resources: [{ resourceId: 'r', running: 1, waiting: 2 }, { resourceId: 's' }] })
    const page = await get('/resource?limit=1')
    expect(page).toMatchObject({ resources: [{ resourceId: 'r' }] })
    expect(await get(`/resource?limit=1&after=${String(page['next'])}`)).toMatchObject({ resources: [{ resourceId: 's' }] })
    expect(await get('/resource/r')).toMatchObject({ holders: [{ commandId: 'a', token: 1, state: 'running' }], lastToken: 1 })
    const queue = await get('/resource/r/queue?limit=1')
    expect(queue).toMatchObject({ commands: [{ commandId: 'b', place: 2 }] })
    expect(await get(`/resource/r/queue?after=${String(queue['next'])}`)).toMatchObject({ commands: [{ commandId: 'c' }] })
    expect(await get('/resource/none')).toMatchObject({ code: 'not_found', reason: 'unknown_resource' })
    expect(await get('/resource/none/queue')).toMatchObject({ code: 'not_found' })
    expect(await get('/resource/r/queue?after=x')).toMatchObject({
      code: 'invalid_argument',
      message: expect.stringContaining('page token'),
    })
    expect(await get('/resource?limit=0')).toMatchObject({ code: 'invalid_argument' })
    expect(await get('/resource?limit=1001')).toMatchObject({ message: 'limit: got 1001, expected an integer from 1 to 1000' })
  })

  test('get new limits: absent is unchanged, null is the default again', async () => {
    await using fixture = await startSemaphoreFixture()
    const put = async (body: string) => (await fetch(`${fixture.url}/resource/r/limits`, { method: 'PUT', body })).json()
    expect(await put('{"running":2,"leaseMs":5000,"rate":{"count":3,"windowMs":1000}}')).toEqual({
      running: 2,
      waiting: 3,
      leaseMs: 5_000,
      ageingMs: 60_000,
      rate: { count: 3, windowMs: 1_000 },
    })
    expect(await put('{"running":null,"rate":null}')).toMatchObject({ running: 1, leaseMs: 5_000, rate: null })
    expect(await put('{}')).toMatchObject({ leaseMs: 5_000 })
  })

  test.each([
    ['', /^request body: got bytes that are not JSON/],
    ['{"runing":1}', 'field: got "runing", expected one of running, waiting, leaseMs, ageingMs, rate'],
    ['{"running":-1}', 'running: got -1, expected an integer from 0 to 2147483647'],
    ['{"running":1.5}', 'running: got 1.5, expected an integer from 0 to 2147483647'],
    ['{"running":"1"}', 'running: got "1", expected an integer from 0 to 2147483647'],
    ['{"waiting":2147483648}', 'waiting: got 2147483648, expected an integer from 0 to 2147483647'],
    ['{"leaseMs":1e300}', /^leaseMs: got /],
    ['{"rate":5}', 'rate: got 5, expected an object with count and windowMs, or null'],
    ['{"rate":{"count":1}}', /^rate\.windowMs: got none, expected an integer/],
    ['{"rate":{"count":0,"windowMs":1}}', 'rate.count: got 0, expected an integer from 1 to 2147483647'],
    ['{"rate":{"count":1,"windowMs":1,"burst":2}}', 'field of rate: got "burst", expected count or windowMs'],
  ])('refuse the limits %s', async (body, message) => {
    await using fixture = await startSemaphoreFixture()
    const response = await fetch(`${fixture.url}/resource/r/limits`, { method: 'PUT', body })
    const json = (await response.json()) as Record<string, string>
    expect(response.status).toBe(400)
    expect(json['message']).toEqual(typeof message === 'string' ? message : expect.stringMatching(message))
    expect(fixture.memory.steps).toEqual([])
  })
})
