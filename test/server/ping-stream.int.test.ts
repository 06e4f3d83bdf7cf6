import { readFile } from 'node:fs/promises'
import { createClient, Code } from '@connectrpc/connect'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { FailureCode, PingService, type PingResult } from '../../src/gen/ping/v1/ping_pb.ts'
import { wait } from '../../src/runtime/wait.ts'
import { UnavailableError } from '../../src/transport/errors.ts'
import { atDepth } from '../support/depth.ts'
import { startHttpFixture, transports, type FixtureOptions, type HttpFixture } from './http-fixture.ts'

/** The protocols that can stream in both directions. */
const PROTOCOLS = ['Connect, JSON, HTTP/2', 'gRPC', 'gRPC-Web, HTTP/2']
const MESSAGES = 150
const MANY_MESSAGES = atDepth({ normally: 300, thoroughly: 1_000 })
const idOf = (number: number): string => `01890a5d-ac96-774b-bcce-${String(number).padStart(12, '0')}`
const clientOf = (fixture: { readonly url: string }, protocol: string) => createClient(PingService, transports(fixture.url)[protocol]!)

interface Message {
  readonly pings: { readonly pingId?: string; readonly timestampMs?: bigint }[]
}

/** The caller's side of a stream. The test decides when it sends what. */
function outbox() {
  const messages: Message[] = []
  let changed = Promise.withResolvers<void>()
  let ended = false
  let taken = 0
  return {
    get taken() {
      return taken
    },
    send(...ids: number[]) {
      this.sendPings(ids.map(number => ({ pingId: idOf(number) })))
    },
    sendPings(pings: Message['pings']) {
      messages.push({ pings })
      changed.resolve()
    },
    end() {
      ended = true
      changed.resolve()
    },
    async *[Symbol.asyncIterator](): AsyncGenerator<Message> {
      for (;;) {
        for (let next = messages.shift(); next; next = messages.shift()) {
          taken++
          yield next
        }
        if (ended) return
        await changed.promise
        changed = Promise.withResolvers()
      }
    },
  }
}

async function resultsOf(stream: AsyncIterable<{ readonly results: readonly PingResult[] }>): Promise<PingResult[]> {
  const all: PingResult[] = []
  for await (const { results } of stream) all.push(...results)
  return all
}

/** A port where the test decides when each ping is recorded, by its number. */
async function startHeld(options: FixtureOptions = {}) {
  const waiting = new Map<string, () => void>()
  const fixture = await startHttpFixture({ ...options, record: ({ id }) => new Promise<void>(resolve => waiting.set(id, resolve)) })
  return { fixture, waiting, commit: (...numbers: number[]) => numbers.forEach(number => waiting.get(idOf(number))?.()) }
}

let fixture: HttpFixture
beforeAll(async () => {
  fixture = await startHttpFixture({
    record: async ({ timestampMs }) => {
      if (timestampMs === 4n) throw new UnavailableError('not recorded within 10 ms')
    },
  })
})
afterAll(() => fixture[Symbol.asyncDispose]())

describe.each(PROTOCOLS)('a PingStream over %s', protocol => {
  test('answers one result per ping, in order; a failure does not stop the others', async () => {
    const messages = [
      { pings: [{ pingId: idOf(1) }, { pingId: 'x' }] },
      { pings: [] },
      { pings: [{ timestampMs: 4n, pingId: idOf(2) }] },
      { pings: [{}] },
    ]
    const results = await resultsOf(
      clientOf(fixture, protocol).pingStream(
        (async function* () {
          yield* messages
        })(),
      ),
    )
    expect(results.map(({ pingId, failure }) => [pingId, failure?.code])).toEqual([
      ['', undefined],
      ['', FailureCode.INVALID_ARGUMENT],
      [idOf(2), FailureCode.UNAVAILABLE],
      [expect.stringMatching(/^[0-9a-f]{8}-[0-9a-f]{4}-7/), undefined],
    ])
  })

  test('answers all pings of many messages', async () => {
    const messages = Array.from({ length: MANY_MESSAGES }, (_, number) => ({ pings: [{ pingId: idOf(number) }, {}] }))
    const results = await resultsOf(
      clientOf(fixture, protocol).pingStream(
        (async function* () {
          yield* messages
        })(),
      ),
    )
    expect(results.map(({ pingId, failure }) => [pingId === '', failure])).toEqual(
      messages.flatMap(() => [
        [true, undefined],
        [false, undefined],
      ]),
    )
  })

  test('acknowledges in order, as pings are committed, while it is open', async () => {
    const { fixture: held, waiting, commit } = await startHeld()
    const out = outbox()
    const answers = clientOf(held, protocol).pingStream(out)[Symbol.asyncIterator]()
    out.send(1)
    const first = answers.next()
    await expect.poll(() => waiting.size).toBe(1)
    out.send(2)
    await expect.poll(() => waiting.size).toBe(2)
    commit(2)
    await expect.poll(() => held.recorded.map(({ id }) => id)).toEqual([idOf(2)])
    commit(1)
    expect((await first).value?.results).toHaveLength(2)
    out.send(3)
    await expect.poll(() => waiting.size).toBe(3)
    commit(3)
    expect((await answers.next()).value?.results).toHaveLength(1)
    out.end()
    expect((await answers.next()).done).toBe(true)
    await held[Symbol.asyncDispose]()
  })

  test('is drained by a stop: the pings that were read get their results, then it ends with UNAVAILABLE', async () => {
    const { fixture: held, waiting, commit } = await startHeld()
    const out = outbox()
    out.send(1, 2)
    const answers = clientOf(held, protocol).pingStream(out)[Symbol.asyncIterator]()
    const first = answers.next()
    await expect.poll(() => waiting.size).toBe(2)
    const stopped = held.http.stop(600_000)
    await wait(50)
    commit(1, 2)
    expect((await first).value?.results).toHaveLength(2)
    await expect(answers.next()).rejects.toMatchObject({
      code: Code.Unavailable,
      rawMessage: 'the server is stopping; send the pings without a result again, with the same ids',
    })
    expect(await stopped).toBe(0)
    out.end()
  })

  test('with too many pings in one message ends with INVALID_ARGUMENT, after the results of the earlier pings', async () => {
    const messages = [{ pings: [{ pingId: idOf(1) }] }, { pings: Array.from({ length: 10_001 }, () => ({})) }]
    const answers = clientOf(fixture, protocol)
      .pingStream(
        (async function* () {
          yield* messages
        })(),
      )
      [Symbol.asyncIterator]()
    expect((await answers.next()).value?.results).toHaveLength(1)
    await expect(answers.next()).rejects.toMatchObject({
      code: Code.InvalidArgument,
      rawMessage: expect.stringMatching(/^pings: got (10001|more than 10000), expected at most 10000$/),
    })
  })

  test('ends with DEADLINE_EXCEEDED when its deadline passes', async () => {
    const { fixture: held } = await startHeld()
    const out = outbox()
    out.send(1)
    await expect(resultsOf(clientOf(held, protocol).pingStream(out, { timeoutMs: 200 }))).rejects.toMatchObject({
      code: Code.DeadlineExceeded,
    })
    out.end()
    await held[Symbol.asyncDispose]()
  })
})

describe('a PingStream', () => {
  test('whose caller does not read the results is read no further', { timeout: 180_000 }, async () => {
    const out = outbox()
    // With ids from the server, which cannot be compressed much.
    for (let message = 0; message < MESSAGES; message++) out.sendPings(Array.from({ length: 1_000 }, () => ({})))
    const before = fixture.recorded.length
    const answers = clientOf(fixture, 'gRPC').pingStream(out)[Symbol.asyncIterator]()
    let results = (await answers.next()).value?.results.length ?? 0
    let last = -1
    await expect
      .poll(
        async () => {
          const now = fixture.recorded.length
          const isStill = now === last
          last = now
          await wait(200)
          return isStill
        },
        { timeout: 60_000 },
      )
      .toBe(true)
    expect(fixture.recorded.length - before).toBeLessThan((MESSAGES * 1_000) / 2)
    out.end()
    for (let next = await answers.next(); next.done !== true; next = await answers.next()) results += next.value.results.length
    expect(fixture.recorded.length - before).toBe(MESSAGES * 1_000)
    expect(results).toBe(MESSAGES * 1_000)
  })

  test('ends when its caller disconnects, and the pings that were read are recorded', async () => {
    const { fixture: held, waiting, commit } = await startHeld()
    const out = outbox()
    out.send(1)
    const caller = new AbortController()
    const results = resultsOf(clientOf(held, 'gRPC').pingStream(out, { signal: caller.signal }))
    await expect.poll(() => waiting.size).toBe(1)
    caller.abort()
    await expect(results).rejects.toMatchObject({ code: Code.Canceled })
    await expect.poll(() => held.http.inFlight()).toBe(0)
    commit(1)
    await expect.poll(() => held.recorded).toHaveLength(1)
    expect(held.logged.filter(({ msg }) => msg === 'call failed')).toEqual([])
    out.end()
    await held[Symbol.asyncDispose]()
  })

  test.runIf(process.platform === 'linux')('that is silent is asked by TCP whether its caller still lives', async () => {
    const out = outbox()
    out.send(1)
    await using own = await startHttpFixture()
    const answers = clientOf(own, 'gRPC').pingStream(out)[Symbol.asyncIterator]()
    await answers.next()
    const port = own.port.toString(16).toUpperCase().padStart(4, '0')
    // proc(5): the timer of the server's end of an established connection; 2 is keep-alive.
    const timers = async (): Promise<readonly (string | undefined)[]> =>
      (await readFile('/proc/net/tcp', 'utf8'))
        .split('\n')
        .flatMap(line => new RegExp(`:${port} \\w+:\\w+ 01 \\w+:\\w+ (\\d+):`).exec(line)?.[1] ?? [])
    await expect.poll(timers).toEqual(['02'])
    out.end()
    await answers.next()
  })

  test('over HTTP/1.1 is rejected with the reason', async () => {
    const response = await fetch(`${fixture.url}/ping.v1.PingService/PingStream`, {
      method: 'POST',
      headers: { 'content-type': 'application/connect+json' },
      body: '',
    })
    expect([response.status, await response.text()]).toEqual([
      505,
      'HTTP version: got 1.1, expected 2, because this method sends answers while it reads requests\n',
    ])
  })

  test('is counted with its code', async () => {
    await using own = await startHttpFixture()
    await resultsOf(
      clientOf(own, 'gRPC').pingStream(
        (async function* () {
          yield { pings: [{}] }
        })(),
      ),
    )
    await expect
      .poll(() => own.metrics.registry.metrics())
      .toMatch(/^ping_rpc_total\{method="ping\.v1\.PingService\/PingStream",code="ok"\} 1$/m)
  })
})
