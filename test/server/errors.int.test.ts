import { connect, type IncomingHttpHeaders, type OutgoingHttpHeaders } from 'node:http2'
import { Code, ConnectError } from '@connectrpc/connect'
import { describe, expect, test } from 'vitest'
import { RetryInfoSchema } from '../../src/gen/google/rpc/error_details_pb.ts'
import { TimestampConflictError } from '../../src/server/recorder/timestamp-conflict-error.ts'
import { QueueFullError, UnavailableError } from '../../src/transport/errors.ts'
import { callCount } from './call-count.ts'
import { COUNT_PATH, JSON_TYPE, PING_PATH, pingClient, postJson, PROTOCOLS, startHttpFixture, type HttpFixture } from './http-fixture.ts'

const failing = (error: unknown) => startHttpFixture({ record: () => Promise.reject(error) })
const errorOfPing = (fixture: HttpFixture, protocol?: string) =>
  pingClient(fixture, protocol)
    .ping({})
    .then(() => undefined, ConnectError.from)

/** The trailers of the answer to a request with these bytes. */
const grpcTrailers = (url: string, bytes: Iterable<number>, headers: OutgoingHttpHeaders = {}): Promise<IncomingHttpHeaders> =>
  new Promise((resolve, reject) => {
    const { origin, pathname } = new URL(url)
    const session = connect(origin).on('error', reject)
    const stream = session.request({ ':method': 'POST', ':path': pathname, 'content-type': 'application/grpc', te: 'trailers', ...headers })
    stream.on('trailers', trailers => {
      session.close()
      resolve(trailers)
    })
    stream.on('error', reject).resume().end(Uint8Array.from(bytes))
  })

describe.each(PROTOCOLS)('over %s', protocol => {
  test.each([
    [new TimestampConflictError('other time'), Code.AlreadyExists],
    [new UnavailableError('try again'), Code.Unavailable],
    [new QueueFullError('full', 1_500), Code.ResourceExhausted],
  ])('%s is answered with its own code and message', async (error, code) => {
    await using fixture = await failing(error)
    expect(await errorOfPing(fixture, protocol)).toMatchObject({ code, rawMessage: error.message })
  })

  test('a full queue answers when to retry, in a detail and in a header', async () => {
    await using fixture = await failing(new QueueFullError('full', 1_500))
    const error = await errorOfPing(fixture, protocol)
    expect(error?.findDetails(RetryInfoSchema)[0]?.retryDelay).toMatchObject({ seconds: 1n, nanos: 500_000_000 })
    expect(error?.metadata.get('retry-after')).toBe('2')
  })

  test('an unexpected error shows no details to the caller, and is logged once', async () => {
    await using fixture = await failing(new TypeError('secret of the inside'))
    expect(await errorOfPing(fixture, protocol)).toMatchObject({ code: Code.Internal, rawMessage: 'internal error', details: [] })
    const logged = fixture.logged.filter(line => JSON.stringify(line).includes('secret of the inside'))
    expect(logged).toHaveLength(1)
    expect(logged[0]).toMatchObject({ level: 50, err: { type: 'TypeError' }, method: 'Ping' })
  })

  test("a ping that takes longer than the caller's deadline is DEADLINE_EXCEEDED, and may still be recorded", async () => {
    const gate = Promise.withResolvers<void>()
    let begun = 0
    await using fixture = await startHttpFixture({ record: () => (begun++, gate.promise) })
    // On a busy machine the deadline may pass before the call begins: then with more time.
    for (let timeoutMs = 100; begun === 0 && timeoutMs < 30_000; timeoutMs *= 4) {
      const error = await pingClient(fixture, protocol).ping({}, { timeoutMs }).catch(ConnectError.from)
      expect(error).toMatchObject({ code: Code.DeadlineExceeded })
    }
    gate.resolve()
    // A call whose caller gave up early may begin all the same.
    await expect.poll(() => begun > 0 && fixture.recorded.length === begun).toBe(true)
  })

  test('a deadline beyond the range of a timer is ignored', async () => {
    await using fixture = await startHttpFixture({ record: () => new Promise(resolve => setTimeout(resolve, 50)) })
    await pingClient(fixture, protocol).ping({}, { headers: { 'connect-timeout-ms': '9999999999', 'grpc-timeout': '99999999H' } })
    await expect.poll(() => callCount(fixture.metrics.registry, 'ping.v1.PingService/Ping', 'ok')).toBe(1)
  })

  test.each([
    ['9999999999', '99999999H'],
    ['2147483648', '2147484S'],
  ])('the distant deadlines %s and %s are ignored', async (connectMs, grpc) => {
    await using fixture = await startHttpFixture()
    await pingClient(fixture, protocol).ping({}, { headers: { 'connect-timeout-ms': connectMs, 'grpc-timeout': grpc } })
    expect(fixture.recorded).toHaveLength(1)
  })

  test.each([
    ['1e99', '1x'],
    ['12345678901', '100000000S'],
    ['-1', '-1S'],
    ['1.5', '1.5S'],
    ['abc', 'S'],
    ['', ''],
  ])('the malformed time-outs %j and %j are rejected, and nothing is recorded', async (connectMs, grpc) => {
    await using fixture = await startHttpFixture()
    const headers = { 'connect-timeout-ms': connectMs, 'grpc-timeout': grpc }
    const error = await pingClient(fixture, protocol)
      .ping({}, { headers })
      .then(() => undefined, ConnectError.from)
    expect(error?.code).toBe(Code.InvalidArgument)
    expect(error?.rawMessage).toMatch(/^(connect-timeout-ms|grpc-timeout): got ".*", expected an integer /)
    expect(error?.rawMessage).toContain(JSON.stringify(protocol.startsWith('Connect') ? connectMs : grpc))
    expect(fixture.recorded).toEqual([])
    expect(await callCount(fixture.metrics.registry, 'ping.v1.PingService/Ping', 'invalid_argument')).toBe(1)
  })

  test.each([
    ['0', '0S'],
    ['0000000000', '0n'],
  ])('a deadline of %s or %s has already passed: nothing is recorded', async (connectMs, grpc) => {
    await using fixture = await startHttpFixture()
    const headers = { 'connect-timeout-ms': connectMs, 'grpc-timeout': grpc }
    const error = await pingClient(fixture, protocol)
      .ping({}, { headers })
      .then(() => undefined, ConnectError.from)
    expect(error).toMatchObject({
      code: Code.DeadlineExceeded,
      rawMessage: "the caller's deadline had passed before the call began; nothing was done",
    })
    expect(fixture.recorded).toEqual([])
    expect(await callCount(fixture.metrics.registry, 'ping.v1.PingService/Ping', 'deadline_exceeded')).toBe(1)
  })

  test.each([
    ['would be cut inside an emoji', `${'x'.repeat(499)}${'😀'.repeat(9)}`, `${'x'.repeat(499)}…`],
    ['ends with half an emoji', 'half \ud83d', 'half \ufffd'],
    ['starts with the second half of an emoji', '\ude00 half', '\ufffd half'],
    ['contains control characters', 'a\r\nb: c\0\x1b[2Jé', 'a\r\nb: c\0\x1b[2Jé'],
    ['is very long', '😀'.repeat(50_000), `${'😀'.repeat(250)}…`],
  ])('an error whose message %s is still answered with its code', async (_, message, rawMessage) => {
    await using fixture = await failing(new UnavailableError(message))
    expect(await errorOfPing(fixture, protocol)).toMatchObject({ code: Code.Unavailable, rawMessage })
  })

  test('a body over the limit is RESOURCE_EXHAUSTED, and the message names the limit', async () => {
    await using fixture = await startHttpFixture({ maxBodyBytes: 1_024 })
    const error = await pingClient(fixture, protocol)
      .ping({ pingId: 'x'.repeat(2_000) })
      .catch(ConnectError.from)
    expect(error).toMatchObject({ code: Code.ResourceExhausted })
    expect((error as ConnectError).rawMessage).toMatch(/^request body: got (20\d\d|more) bytes, expected at most 1024$/)
    await pingClient(fixture, protocol).ping({}) // the connection, or a new one, still works
  })

  test('a call is counted with its method and code', async () => {
    await using fixture = await failing(new UnavailableError('down'))
    await errorOfPing(fixture, protocol)
    await pingClient(fixture, protocol).pingCount({})
    await expect.poll(() => callCount(fixture.metrics.registry, 'ping.v1.PingService/Ping', 'unavailable')).toBe(1)
    await expect.poll(() => callCount(fixture.metrics.registry, 'ping.v1.PingService/PingCount', 'ok')).toBe(1)
  })
})

describe('a body that is not a message', () => {
  test.each([
    ['application/proto', [0xff], 400],
    ['application/proto', [0x0a, 0x05, 0x01], 400],
  ])('of %s is INVALID_ARGUMENT over Connect', async (type, bytes, status) => {
    await using fixture = await startHttpFixture()
    const response = await fetch(fixture.url + PING_PATH, {
      method: 'POST',
      headers: { 'content-type': type },
      body: Uint8Array.from(bytes),
    })
    expect(response.status).toBe(status)
    expect(await response.json()).toMatchObject({
      code: 'invalid_argument',
      message: expect.stringMatching(/^request body: got bytes that cannot be decoded \(.+\), expected a ping\.v1\.PingRequest$/),
    })
    expect(await callCount(fixture.metrics.registry, 'ping.v1.PingService/Ping', 'invalid_argument')).toBe(1)
  })

  test('is INVALID_ARGUMENT over gRPC', async () => {
    await using fixture = await startHttpFixture()
    const trailers = await grpcTrailers(fixture.url + PING_PATH, [0, 0, 0, 0, 1, 0xff])
    expect(trailers['grpc-status']).toBe(String(Code.InvalidArgument))
    expect(decodeURIComponent(String(trailers['grpc-message']))).toMatch(/^request body: got bytes that cannot be decoded/)
  })

  test('has the same error message no matter which protocol carries the JSON', async () => {
    await using fixture = await startHttpFixture()
    const json = new TextEncoder().encode('{"x":"\ud83d\ude00","\\u0074imestampMs":"0x10"}')
    const enveloped = Uint8Array.of(0, 0, 0, 0, json.length, ...json)
    const url = fixture.url + PING_PATH
    const post = async (type: string, body: Uint8Array<ArrayBuffer>) =>
      (await fetch(url, { method: 'POST', headers: { 'content-type': type }, body })).text()
    const message = 'timestamp_ms: got "0x10", expected an integer from '
    expect(JSON.parse(await post('application/json', json))).toMatchObject({
      code: 'invalid_argument',
      message: expect.stringContaining(message),
    })
    expect(decodeURIComponent(await post('application/grpc-web+json', enveloped))).toMatch(
      new RegExp(`grpc-message: ${message}[^]*grpc-status: 3|grpc-status: 3[^]*grpc-message: ${message}`),
    )
    const trailers = await grpcTrailers(url, enveloped, { 'content-type': 'application/grpc+json' })
    expect([trailers['grpc-status'], decodeURIComponent(String(trailers['grpc-message']))]).toEqual(['3', expect.stringContaining(message)])
  })

  test('is INVALID_ARGUMENT over gRPC-Web', async () => {
    await using fixture = await startHttpFixture()
    const headers = { 'content-type': 'application/grpc-web+proto' }
    const response = await fetch(fixture.url + PING_PATH, { method: 'POST', headers, body: Uint8Array.of(0, 0, 0, 0, 1, 0xff) })
    expect(await response.text()).toContain(`grpc-status: ${Code.InvalidArgument}\r\n`)
  })

  const INT64 = 'an integer from -9223372036854775808 to 9223372036854775807, as a JSON number or a string'
  test.each([
    [PING_PATH, '[]', 'request body: got [], expected a JSON object such as {}'],
    [PING_PATH, '[1]', 'request body: got an array, expected a JSON object such as {}'],
    [PING_PATH, 'null', 'request body: got null, expected a JSON object such as {}'],
    [PING_PATH, '"abc"', 'request body: got "abc", expected a JSON object such as {}'],
    [PING_PATH, '{', /^request body: got malformed JSON \(.*position 1.*\), expected a JSON object such as \{\}$/],
    [PING_PATH, '', 'request body: got malformed JSON (Unexpected end of JSON input), expected a JSON object such as {}'],
    [PING_PATH, '{"timestampMs":"abc"}', `timestamp_ms: got "abc", expected ${INT64}`],
    [PING_PATH, '{"timestampMs":"9223372036854775808"}', `timestamp_ms: got "9223372036854775808", expected ${INT64}`],
    [PING_PATH, '{"timestampMs":1.5}', `timestamp_ms: got 1.5, expected ${INT64}`],
    [PING_PATH, '{"timestampMs":true}', `timestamp_ms: got true, expected ${INT64}`],
    [PING_PATH, '{"timestampMs":""}', `timestamp_ms: got "", expected ${INT64}`],
    [PING_PATH, '{"timestampMs":{}}', `timestamp_ms: got an object, expected ${INT64}`],
    [PING_PATH, '{"timestampMs":1,"timestamp_ms":2}', 'timestamp_ms: got it twice (as timestampMs and as timestamp_ms), expected it once'],
    [PING_PATH, '{"timestampMs":1,"timestampMs":2}', 'request body: got "timestampMs" twice, expected it once'],
    [PING_PATH, '{"pingId":5}', 'ping_id: got 5, expected a JSON string'],
    [PING_PATH, '{"pingId":"\\ud800"}', 'ping_id: got a string that is not valid Unicode, expected a JSON string'],
    [
      PING_PATH,
      `{"${'😀'.repeat(99)}":1,"${'😀'.repeat(99)}":2}`,
      `request body: got "${'😀'.repeat(40)}"… (198 characters) twice, expected it once`,
    ],
    [COUNT_PATH, '{"timeRange":"a\\n\\u009b"}', 'time_range: got "a\\n\\u009b", expected a JSON object with "start" and "end"'],
    [COUNT_PATH, '{"timeRange":5}', 'time_range: got 5, expected a JSON object with "start" and "end"'],
    [COUNT_PATH, '{"timeRange":{"start":"x"}}', `time_range.start: got "x", expected ${INT64}`],
    [COUNT_PATH, '{"consistency":true}', /^consistency: got true, expected one of CONSISTENCY_UNSPECIFIED, /],
  ])('to %s as JSON, %s, is reported with the value and what was expected', async (path, body, message) => {
    await using fixture = await startHttpFixture()
    const { status, json } = await postJson(fixture.url + path, body)
    expect([status, json['code']]).toEqual([400, 'invalid_argument'])
    expect(json['message']).toEqual(typeof message === 'string' ? message : expect.stringMatching(message))
  })

  test('repeats no more than the beginning of a long value', async () => {
    await using fixture = await startHttpFixture()
    const { json } = await postJson(fixture.url + PING_PATH, JSON.stringify({ timestampMs: 'x'.repeat(50_000) }))
    expect(json['code']).toBe('invalid_argument')
    expect(String(json['message']).length).toBeLessThan(600)
  })
})

describe('an error over Connect', () => {
  test('caused by a full queue has a header for clients that only know HTTP', async () => {
    await using fixture = await failing(new QueueFullError('full', 20))
    const { status, headers, json } = await postJson(fixture.url + PING_PATH, '{}')
    expect([status, headers.get('retry-after')]).toEqual([429, '1'])
    expect(json).toMatchObject({ code: 'resource_exhausted', details: [{ type: 'google.rpc.RetryInfo', debug: { retryDelay: '0.020s' } }] })
  })

  test('names the id to retry with', async () => {
    await using fixture = await failing(new UnavailableError('down'))
    const { headers } = await postJson(fixture.url + PING_PATH, '{}')
    expect(headers.get('ping-id')).toMatch(/^[0-9a-f-]{36}$/)
  })

  test('for a body over the limit is sent before all of the body has arrived', async () => {
    await using fixture = await startHttpFixture({ maxBodyBytes: 1_024 })
    const endless = new ReadableStream({ pull: controller => controller.enqueue(new Uint8Array(65_536)) })
    const response = await fetch(fixture.url + PING_PATH, {
      method: 'POST',
      headers: JSON_TYPE,
      body: endless,
      duplex: 'half',
    })
    expect(await response.json()).toEqual({ code: 'resource_exhausted', message: 'request body: got more bytes, expected at most 1024' })
  })

  test('prevents a small body from exceeding the limit when it is decompressed', async () => {
    await using fixture = await startHttpFixture({ maxBodyBytes: 1_024 })
    const bomb = await new Response(
      new Blob([`{"pingId":"${'x'.repeat(1_000_000)}"}`]).stream().pipeThrough(new CompressionStream('gzip')),
    ).arrayBuffer()
    const response = await fetch(fixture.url + PING_PATH, {
      method: 'POST',
      headers: { ...JSON_TYPE, 'content-encoding': 'gzip' },
      body: bomb,
    })
    expect(await response.json()).toMatchObject({ code: 'resource_exhausted' })
  })

  test('for an unknown compression names the known ones', async () => {
    await using fixture = await startHttpFixture()
    const { json } = await postJson(fixture.url + PING_PATH, '{}', { 'content-encoding': 'zip' })
    expect(json).toMatchObject({ code: 'unimplemented', message: expect.stringContaining('gzip') })
  })

  test('for a caller that disconnected is counted as canceled and affects no other caller', async () => {
    const gate = Promise.withResolvers<void>()
    await using fixture = await startHttpFixture({ record: () => gate.promise })
    const leaving = new AbortController()
    const ping = pingClient(fixture).ping({}, { signal: leaving.signal }).catch(ConnectError.from)
    await expect.poll(() => fixture.http.inFlight()).toBe(1)
    leaving.abort()
    expect(await ping).toMatchObject({ code: Code.Canceled })
    await expect.poll(() => callCount(fixture.metrics.registry, 'ping.v1.PingService/Ping', 'canceled')).toBe(1)
    gate.resolve()
    await pingClient(fixture).ping({})
    expect((await postJson(fixture.url + COUNT_PATH, '{}')).status).toBe(200)
  })
})
