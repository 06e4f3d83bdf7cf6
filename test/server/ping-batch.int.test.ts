import { Code, ConnectError } from '@connectrpc/connect'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { FailureCode } from '../../src/gen/ping/v1/ping_pb.ts'
import type { RequestedPing } from '../../src/server/recorder/ping-recorder.ts'
import { TimestampConflictError } from '../../src/server/recorder/timestamp-conflict-error.ts'
import { QueueFullError, UnavailableError } from '../../src/transport/errors.ts'
import { pingClient, postJson, PROTOCOLS, startHttpFixture, type HttpFixture } from './http-fixture.ts'

const BATCH_PATH = '/ping.v1.PingService/PingBatch'
const idOf = (number: number): string => `01890a5d-ac96-774b-bcce-${String(number).padStart(12, '0')}`
const UUID_V7 = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/
/** The errors that the recorder throws for pings with these times. */
const ERRORS = new Map<bigint | undefined, Error>([
  [2n, new TimestampConflictError('timestamp_ms: got 2, but …')],
  [3n, new QueueFullError('too many pings are waiting', 1_000)],
  [4n, new UnavailableError('not recorded within 10 ms')],
  [5n, new Error('secret: password')],
])

let fixture: HttpFixture
beforeAll(async () => {
  const record = async ({ timestampMs }: RequestedPing): Promise<void> => {
    const error = ERRORS.get(timestampMs)
    if (error) throw error
  }
  fixture = await startHttpFixture({ record })
})
beforeEach(() => {
  fixture.recorded.length = 0
  fixture.logged.length = 0
})
afterAll(() => fixture[Symbol.asyncDispose]())

describe.each(PROTOCOLS)('a PingBatch over %s', protocol => {
  test('gets one result per ping, in order: an ack is empty, or names the id that the server generated', async () => {
    const { results } = await pingClient(fixture, protocol).pingBatch({
      pings: [{ pingId: idOf(1).toUpperCase() }, {}, { pingId: idOf(2), timestampMs: -5n }],
    })
    expect(results.map(({ failure }) => failure)).toEqual([undefined, undefined, undefined])
    expect(results.map(({ pingId }) => pingId)).toEqual(['', expect.stringMatching(UUID_V7), ''])
    expect(fixture.recorded.map(({ id, timestampMs, idGiven }) => [id, timestampMs, idGiven])).toEqual([
      [idOf(1), undefined, true],
      [results[1]?.pingId, undefined, false],
      [idOf(2), -5n, true],
    ])
  })

  test('answers the reason for each ping that fails, and records the others', async () => {
    const pings = [
      { pingId: idOf(1) },
      { pingId: 'x' },
      ...[2n, 3n, 4n, 5n].map(timestampMs => ({ timestampMs, pingId: idOf(Number(timestampMs)) })),
      { timestampMs: 10n ** 18n },
      { pingId: idOf(9) },
    ]
    const { results } = await pingClient(fixture, protocol).pingBatch({ pings })
    expect(results.map(({ pingId, failure }) => [pingId, failure?.code, failure?.message, failure?.retryAfterMs])).toEqual([
      ['', undefined, undefined, undefined],
      [
        '',
        FailureCode.INVALID_ARGUMENT,
        'ping_id: got "x", expected a UUID as a string, such as 01890a5d-ac96-774b-bcce-b302099a8057, or nothing',
        0,
      ],
      [idOf(2), FailureCode.ALREADY_EXISTS, 'timestamp_ms: got 2, but …', 0],
      [idOf(3), FailureCode.RESOURCE_EXHAUSTED, 'too many pings are waiting', 1_000],
      [idOf(4), FailureCode.UNAVAILABLE, 'not recorded within 10 ms', 0],
      [idOf(5), FailureCode.INTERNAL, 'internal error', 0],
      [
        '',
        FailureCode.INVALID_ARGUMENT,
        'timestamp_ms: got 1000000000000000000, expected ms of the years 0001 to 9999: -62135596800000 to 253402300799999',
        0,
      ],
      ['', undefined, undefined, undefined],
    ])
    expect(fixture.recorded.map(({ id }) => id)).toEqual([idOf(1), idOf(9)])
    expect(fixture.logged.filter(({ msg }) => msg === 'pings failed')).toHaveLength(1)
  })

  test('without pings gets no results', async () => {
    expect((await pingClient(fixture, protocol).pingBatch({})).results).toEqual([])
  })

  test('may have up to 10 000 pings', async () => {
    const pings = Array.from({ length: 10_000 }, (_, number) => ({ pingId: idOf(number), timestampMs: 1_750_000_000_000n }))
    const { results } = await pingClient(fixture, protocol).pingBatch({ pings })
    expect(results.every(({ pingId, failure }) => pingId === '' && failure === undefined)).toBe(true)
    expect(fixture.recorded.map(({ id }) => id)).toEqual(pings.map(({ pingId }) => pingId))
    const error = await pingClient(fixture, protocol)
      .pingBatch({ pings: [...pings, {}] })
      .catch(ConnectError.from)
    expect(error).toMatchObject({
      code: Code.InvalidArgument,
      rawMessage: expect.stringMatching(/^pings: got (10001|more than 10000), expected at most 10000$/),
    })
    expect(fixture.recorded).toHaveLength(10_000)
  })
})

describe('a PingBatch', () => {
  test('with several failures of one kind logs each error once', async () => {
    await pingClient(fixture).pingBatch({ pings: Array.from({ length: 300 }, () => ({ timestampMs: 5n })) })
    expect(fixture.logged.filter(({ msg }) => msg === 'pings failed')).toHaveLength(1)
  })

  test('can be sent and read as JSON with curl', async () => {
    const { status, json } = await postJson(
      fixture.url + BATCH_PATH,
      `{"pings":[{"timestampMs":1e3,"pingId":"${idOf(1)}"},{"ping_id":"${idOf(2)}","timestamp_ms":3}]}`,
    )
    expect([status, json]).toEqual([
      200,
      {
        results: [
          {},
          {
            pingId: idOf(2),
            failure: { code: 'FAILURE_CODE_RESOURCE_EXHAUSTED', message: 'too many pings are waiting', retryAfterMs: 1_000 },
          },
        ],
      },
    ])
    expect(fixture.recorded).toMatchObject([{ timestampMs: 1_000n }])
  })

  test.each([
    ['{"pings":[{},{"timestampMs":"soon"}]}', 'pings[1].timestamp_ms: got "soon", expected an integer from '],
    ['{"pings":[{},{"pingId":7}]}', 'pings.ping_id: got 7, expected a JSON string'],
    ['{"pings":[{},null]}', 'pings: got null as an item, expected a JSON object with "timestampMs" and "pingId"'],
    ['{"pings":[[]]}', 'pings: got [], expected a JSON object with "timestampMs" and "pingId"'],
    ['{"pings":{}}', 'pings: got an object, expected a JSON array'],
  ])('that cannot be decoded, %s, is rejected as a whole: %s', async (body, message) => {
    const { status, json } = await postJson(fixture.url + BATCH_PATH, body)
    expect([status, json['code']]).toEqual([400, 'invalid_argument'])
    expect(json['message']).toContain(message)
    expect(fixture.recorded).toEqual([])
  })

  test.each([{ lean: true }, { lean: false }])(
    'of more than 10 000 pings in JSON is refused before the rest is decoded, %j',
    async options => {
      await using other = await startHttpFixture(options)
      const { status, json } = await postJson(other.url + BATCH_PATH, `{"pings":[${'{},'.repeat(10_000)}{}]}`)
      expect([status, json]).toEqual([400, { code: 'invalid_argument', message: 'pings: got more than 10000, expected at most 10000' }])
    },
  )

  test('has its own limit of bytes', async () => {
    await using small = await startHttpFixture({ maxBodyBytes: 1_024, maxBatchBodyBytes: 4_096 })
    const pings = (count: number) => Array.from({ length: count }, (_, number) => ({ pingId: idOf(number) }))
    expect((await pingClient(small).pingBatch({ pings: pings(50) })).results).toHaveLength(50)
    await expect(pingClient(small).pingBatch({ pings: pings(200) })).rejects.toMatchObject({
      code: Code.ResourceExhausted,
      rawMessage: expect.stringContaining('expected at most 4096'),
    })
  })

  test('whose deadline passes is DEADLINE_EXCEEDED', async () => {
    await using slow = await startHttpFixture({ record: () => new Promise(resolve => setTimeout(resolve, 300)) })
    await expect(pingClient(slow).pingBatch({ pings: [{}] }, { headers: { 'connect-timeout-ms': '50' } })).rejects.toMatchObject({
      code: Code.DeadlineExceeded,
    })
  })
})
