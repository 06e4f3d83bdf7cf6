import { Code, ConnectError } from '@connectrpc/connect'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { BucketUnit, Consistency } from '../../src/gen/ping/v1/ping_pb.ts'
import { firstOrAll } from '../support/depth.ts'
import { can } from '../support/tiers.ts'
import {
  buf,
  COUNT_PATH,
  JSON_TYPE,
  PING_PATH,
  pingClient,
  postJson,
  PROTOCOLS,
  run,
  startHttpFixture,
  type HttpFixture,
} from './http-fixture.ts'

const ID = '01890a5d-ac96-774b-bcce-b302099a8057'
let fixture: HttpFixture

beforeAll(async () => {
  fixture = await startHttpFixture({
    list: async ({ range }) => ({ buckets: [{ startMs: range.startMs, count: 7n }], source: 'database', ageMs: 4.2 }),
    count: async range => ({ count: 42n, source: range === undefined ? 'cache' : 'database', ageMs: 12.3 }),
  })
})
afterAll(() => fixture[Symbol.asyncDispose]())

describe.each(PROTOCOLS)('over %s', protocol => {
  test('a ping is recorded with its time and its id, and the answer names the id', async () => {
    const header = Promise.withResolvers<Headers>()
    await pingClient(fixture, protocol).ping({ timestampMs: -5n, pingId: ID.toUpperCase() }, { onHeader: header.resolve })
    expect(fixture.recorded.at(-1)).toEqual({ id: ID, timestampMs: -5n, idGiven: true })
    expect((await header.promise).get('ping-id')).toBe(ID)
  })

  test('a count has its number, its source and its age', async () => {
    const header = Promise.withResolvers<Headers>()
    const { pingCount } = await pingClient(fixture, protocol).pingCount({}, { onHeader: header.resolve })
    expect(pingCount).toBe(42n)
    expect((await header.promise).get('ping-count-source')).toBe('cache')
    expect((await header.promise).get('ping-count-age-ms')).toBe('13')
  })

  test('a strong count of a range reaches the count reader as requested', async () => {
    await pingClient(fixture, protocol).pingCount({
      timeRange: { start: -(2n ** 63n), end: 2n ** 63n - 1n },
      consistency: Consistency.STRONG,
    })
    expect(fixture.counted.at(-1)).toEqual({ startMs: -(2n ** 63n), endMs: 2n ** 63n - 1n })
    expect(fixture.strong.at(-1)).toBe(true)
  })

  test('the buckets of a range have their starts and counts, their source and their age', async () => {
    const header = Promise.withResolvers<Headers>()
    const timeRange = { start: -(2n ** 53n) - 1n, end: 0n }
    const { buckets } = await pingClient(fixture, protocol).listBuckets(
      { timeRange, unit: BucketUnit.MONTH, timeZone: 'Europe/Berlin', consistency: Consistency.STRONG },
      { onHeader: header.resolve },
    )
    expect(buckets).toMatchObject([{ start: timeRange.start, pingCount: 7n }])
    const range = { startMs: timeRange.start, endMs: 0n }
    expect(fixture.listed.at(-1)).toEqual({ range, unit: 'month', timeZone: 'Europe/Berlin', strong: true })
    expect((await header.promise).get('ping-count-source')).toBe('database')
    expect(Number((await header.promise).get('ping-count-age-ms'))).toBeGreaterThanOrEqual(5) // it waits for its turn
  })

  test('wrong input is INVALID_ARGUMENT with a message that names field, value and what was expected', async () => {
    const error = await pingClient(fixture, protocol).ping({ timestampMs: 253_402_300_800_000n }).catch(ConnectError.from)
    expect(error).toMatchObject({
      code: Code.InvalidArgument,
      rawMessage: 'timestamp_ms: got 253402300800000, expected ms of the years 0001 to 9999: -62135596800000 to 253402300799999',
    })
  })
})

describe('request bytes of the original Ping', () => {
  const post = async (path: string, bytes: readonly number[]): Promise<number[]> => {
    const response = await fetch(fixture.url + path, {
      method: 'POST',
      headers: { 'content-type': 'application/proto' },
      body: Uint8Array.from(bytes),
    })
    expect(response.status).toBe(200)
    return [...new Uint8Array(await response.arrayBuffer())]
  }

  test('PingRequest{timestamp_ms: 300} is recorded and gets an empty answer', async () => {
    expect(await post(PING_PATH, [0x08, 0xac, 0x02])).toEqual([])
    expect(fixture.recorded.at(-1)).toMatchObject({ timestampMs: 300n, idGiven: false })
  })

  test('PingRequest{timestamp_ms: 0} has a time, PingRequest{} has none', async () => {
    await post(PING_PATH, [0x08, 0x00])
    expect(fixture.recorded.at(-1)?.timestampMs).toBe(0n)
    await post(PING_PATH, [])
    expect(fixture.recorded.at(-1)?.timestampMs).toBeUndefined()
  })

  test('PingCountRequest{time_range: {start: 1, end: 2}} is counted', async () => {
    expect(await post(COUNT_PATH, [0x0a, 0x04, 0x08, 0x01, 0x10, 0x02])).toEqual([0x08, 42])
    expect(fixture.counted.at(-1)).toEqual({ startMs: 1n, endMs: 2n })
  })

  test('a field that a newer caller sends is ignored', async () => {
    expect(await post(PING_PATH, [0x08, 0x05, 0xba, 0x06, 0x01, 0x78])).toEqual([])
    expect(fixture.recorded.at(-1)?.timestampMs).toBe(5n)
  })
})

describe('JSON', () => {
  test.each([
    ['{"timestampMs":"7"}', 7n],
    ['{"timestampMs":7}', 7n],
    ['{"timestamp_ms":"-7"}', -7n],
    ['{"timestamp_ms":0}', 0n],
    ['{"timestampMs":null}', undefined],
    ['{"timestampMs":7,"unknown":{"a":[1]}}', 7n],
    ['{"timestampMs":"1.75e12"}', 1_750_000_000_000n],
    ['{"timestampMs":1750000000000.0}', 1_750_000_000_000n],
    ['{}', undefined],
  ])('%s is a ping', async (body, timestampMs) => {
    const { status, json } = await postJson(fixture.url + PING_PATH, body)
    expect([status, json]).toEqual([200, {}])
    expect(fixture.recorded.at(-1)?.timestampMs).toBe(timestampMs)
  })

  test.each([
    ['{"timestampMs":"9223372036854775808"}', 'timestamp_ms', '9223372036854775808'],
    ['{"timestampMs":9223372036854775808}', 'timestamp_ms', '9223372036854775808'],
    ['{"timestampMs":"soon"}', 'timestamp_ms', 'soon'],
    ['{"timestampMs":1.5}', 'timestamp_ms', '1.5'],
    ['{"timestampMs":{}}', 'timestamp_ms', 'object'],
    ['{"timestampMs":9007199254740993}', 'timestamp_ms', '9007199254740993'],
    ['{"timestampMs":"0x10"}', 'timestamp_ms', '"0x10"'],
    ['{"timestampMs":" 5"}', 'timestamp_ms', '" 5"'],
    ['{"pingId":7}', 'ping_id', '7'],
    ['{"pingId":"7"}', 'ping_id', '"7"'],
    ['{"timestampMs":', 'request body', 'malformed JSON'],
    ['', 'request body', 'malformed JSON'],
    ['[]', 'request body', '[]'],
  ])('%s is rejected, and the message names %s and %s', async (body, field, got) => {
    const { status, json } = await postJson(fixture.url + PING_PATH, body)
    expect([status, json['code']]).toEqual([400, 'invalid_argument'])
    expect(json['message']).toContain(field)
    expect(json['message']).toContain(got)
    expect(json['message']).not.toMatch(/\.(js|ts)|node_modules| at /)
  })

  test('accepts the bounds of int64 as numbers, exactly', async () => {
    await postJson(fixture.url + COUNT_PATH, '{"timeRange":{"start":-9223372036854775808,"end":9007199254740993}}')
    expect(fixture.counted.at(-1)).toEqual({ startMs: -(2n ** 63n), endMs: 9_007_199_254_740_993n })
  })

  test.each(['{"consistency":"STRONG"}', '{"\\u0063onsistency":"STRONG"}'])('rejects a misspelt consistency: %s', async body => {
    const { json } = await postJson(fixture.url + COUNT_PATH, body)
    expect(json).toMatchObject({ code: 'invalid_argument', message: expect.stringMatching(/^consistency: got "STRONG", expected one of /) })
  })

  test('prints a count as a string, and nothing for 0', async () => {
    expect((await postJson(fixture.url + COUNT_PATH, '{}')).json).toEqual({ pingCount: '42' })
    await using none = await startHttpFixture()
    expect((await postJson(none.url + COUNT_PATH, '{}')).json).toEqual({})
  })

  test('may be compressed', async () => {
    const body = await new Response(new Blob(['{"timestampMs":99}']).stream().pipeThrough(new CompressionStream('gzip'))).arrayBuffer()
    const response = await fetch(fixture.url + PING_PATH, { method: 'POST', headers: { ...JSON_TYPE, 'content-encoding': 'gzip' }, body })
    expect(response.status).toBe(200)
    expect(fixture.recorded.at(-1)?.timestampMs).toBe(99n)
  })
})

describe('a client without a schema', () => {
  const ways: readonly [protocol: string, options: readonly string[]][] = [
    ['connect', ['--http2-prior-knowledge']],
    ['grpc', ['--http2-prior-knowledge']],
    ['grpcweb', ['--http2-prior-knowledge']],
    ['grpc', ['--http2-prior-knowledge', '--reflect-protocol', 'grpc-v1alpha']],
  ]
  test.each(firstOrAll(ways, 2))('buf curl --protocol %s %j sends a ping and reads the count', async (protocol, more) => {
    const ping = await buf('curl', '--protocol', protocol, ...more, '-d', '{"timestampMs":"-77"}', fixture.url + PING_PATH)
    expect(ping).toMatchObject({ code: 0, stdout: '{}\n', stderr: '' })
    expect(fixture.recorded.at(-1)?.timestampMs).toBe(-77n)
    const count = await buf('curl', '--protocol', protocol, ...more, fixture.url + COUNT_PATH)
    expect(JSON.parse(count.stdout)).toEqual({ pingCount: '42' })
  })

  test('buf curl lists all methods', async () => {
    const { stdout } = await buf('curl', '--http2-prior-knowledge', '--list-methods', fixture.url)
    expect(stdout.trim().split('\n')).toEqual([
      'grpc.health.v1.Health/Check',
      'grpc.health.v1.Health/List',
      'grpc.health.v1.Health/Watch',
      'grpc.reflection.v1.ServerReflection/ServerReflectionInfo',
      'grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo',
      'ping.v1.PingService/ListBuckets',
      'ping.v1.PingService/Ping',
      'ping.v1.PingService/PingBatch',
      'ping.v1.PingService/PingCount',
      'ping.v1.PingService/PingStream',
      'ping.v1.PingService/WatchCount',
    ])
  })
})

describe.runIf(can('curl'))('curl', () => {
  test.each([[], ['--http2'], ['--http2-prior-knowledge'], ['--http1.0']])('sends a ping with %j', async (...options) => {
    const { code, stdout } = await run('curl', [
      '-sS',
      ...options,
      '-H',
      'content-type: application/json',
      '-d',
      '{}',
      fixture.url + PING_PATH,
    ])
    expect([code, stdout]).toEqual([0, '{}'])
  })

  test('gets a count with a plain GET', async () => {
    const { stdout } = await run('curl', ['-sS', `${fixture.url}${COUNT_PATH}?encoding=json&message=%7B%7D`])
    expect(JSON.parse(stdout)).toEqual({ pingCount: '42' })
  })
})
