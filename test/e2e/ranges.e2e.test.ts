import { createClient } from '@connectrpc/connect'
import { createGrpcTransport, Http2SessionManager } from '@connectrpc/connect-node'
import { Redis } from 'ioredis'
import { v7 } from 'uuid'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { PingService } from '../../src/gen/ping/v1/ping_pb.ts'
import { PingCaller } from '../support/call-ping.ts'
import { i4Cache, withDatabase } from '../support/checker.ts'
import { atDepth } from '../support/depth.ts'
import { keepLogsOnFailure } from '../support/programs.ts'
import { seededRandom } from '../support/random.ts'
import { startPing, type WholePing } from '../support/whole-ping.ts'

const SEED = Number(process.hrtime.bigint() % 1_000_000n)
const MINUTE_MS = 60_000n
const HOUR_MS = 3_600_000n
const DAY_MS = 24n * HOUR_MS
/** Years 0001 to 9999, and the bounds of int64. */
const [FIRST_MS, LAST_MS] = [-62_135_596_800_000n, 253_402_300_799_999n]
const [LEAST, MOST] = [-(2n ** 63n), 2n ** 63n - 1n]
const CACHE_LIMIT_MS = 60_000
const ANSWER_LIMIT_MS = 30_000
const TEST_LIMIT_MS = 300_000

keepLogsOnFailure()

const random = seededRandom(SEED)
const NOW_MS = BigInt(Date.now())
const minuteStart = (ms: bigint) => (ms >= 0n ? ms - (ms % MINUTE_MS) : ms - (((ms % MINUTE_MS) + MINUTE_MS) % MINUTE_MS))

/** Times of every kind: the extremes, around 1970, at the edges of minutes, around now, and tomorrow. */
function randomTime(): bigint {
  const within = (span: bigint) => BigInt(Math.floor(random.next() * Number(span)))
  return random.pick([
    () => FIRST_MS + within(3n),
    () => LAST_MS - within(3n),
    () => within(2n * MINUTE_MS) - MINUTE_MS,
    () => minuteStart(NOW_MS - within(2n * HOUR_MS)) + random.pick([0n, -1n, 1n, 59_999n]),
    () => NOW_MS - within(30n * MINUTE_MS),
    () => NOW_MS + within(2n * HOUR_MS),
    () => FIRST_MS + within(LAST_MS - FIRST_MS),
    () => -within(DAY_MS * 36_500n),
  ])()
}

describe(`counts of time ranges (seed ${SEED})`, () => {
  const caller = new PingCaller()
  let ping: WholePing
  let session: Http2SessionManager

  async function start(processorSettings: Readonly<Record<string, string>>): Promise<void> {
    ping = await startPing({ processorSettings })
    session = new Http2SessionManager(ping.servers[0]!.url)
  }
  async function stop(): Promise<void> {
    session.abort()
    await ping.stop()
  }
  afterAll(() => caller.close())

  async function sendAll(times: readonly bigint[]): Promise<void> {
    const client = createClient(PingService, createGrpcTransport({ baseUrl: ping.servers[0]!.url, sessionManager: session }))
    // On a busy machine an answer may be late: then the ping is sent again.
    const send = async (timestampMs: bigint, pingId: string, triesLeft = 10): Promise<unknown> =>
      client.ping({ pingId, timestampMs }).catch((error: unknown) => {
        if (triesLeft === 0) throw error
        return send(timestampMs, pingId, triesLeft - 1)
      })
    await Promise.all(times.map(timestampMs => send(timestampMs, v7())))
  }

  const expectCacheTrue = async () => {
    const { databaseUrl, redisUrl } = ping.place
    expect((await i4Cache(databaseUrl, redisUrl, CACHE_LIMIT_MS)).violations).toEqual([])
  }

  async function countRange(start: bigint, end: bigint, strong: boolean): Promise<{ count: bigint; source: string }> {
    const body = { timeRange: { start: String(start), end: String(end) }, ...(strong && { consistency: 'CONSISTENCY_STRONG' }) }
    const answer = await caller.call(ping.servers[0]!.url, 'PingCount', body, ANSWER_LIMIT_MS)
    if (answer.kind === 'nothing' || answer.status !== 200) throw new Error(`[${start}, ${end}): ${JSON.stringify(answer)}`)
    return { count: BigInt(answer.json.pingCount ?? 0), source: String(answer.headers['ping-count-source']) }
  }

  /** Row by row; the bounds stay numbers, as no timestamp holds all of int64. */
  const countBySql = (start: bigint, end: bigint) =>
    withDatabase(ping.place.databaseUrl, async client => {
      const sql =
        'select count(*) from pings where extract(epoch from pinged_at) * 1000 >= $1::numeric and extract(epoch from pinged_at) * 1000 < $2::numeric'
      return BigInt((await client.query(sql, [String(start), String(end)])).rows[0].count)
    })

  /** Asks for the range both ways and by SQL; resolves with where the default answer came from. */
  async function expectRange(start: bigint, end: bigint, times: readonly bigint[]): Promise<string> {
    const expected = BigInt(times.filter(time => time >= start && time < end).length)
    const [cached, strong, sql] = await Promise.all([countRange(start, end, false), countRange(start, end, true), countBySql(start, end)])
    expect({ start, end, cached: cached.count, strong: strong.count, sql }).toEqual({
      start,
      end,
      cached: expected,
      strong: expected,
      sql: expected,
    })
    expect(strong.source).toBe('database')
    return cached.source
  }

  describe('with room in the cache for all minutes', () => {
    beforeAll(() => start({}))
    afterAll(stop)

    test(
      'cached and strong counts of random ranges equal those of SQL, with negative and extreme times and bounds',
      { timeout: TEST_LIMIT_MS },
      async () => {
        const times = [
          FIRST_MS,
          LAST_MS,
          0n,
          -1n,
          1n,
          -MINUTE_MS,
          ...Array.from({ length: atDepth({ normally: 500, thoroughly: 1_500 }) }, randomTime),
        ]
        await sendAll(times)
        await expectCacheTrue()
        const bound = () =>
          random.pick([
            () => random.pick(times),
            () => random.pick(times) + 1n,
            () => minuteStart(random.pick(times)),
            () => minuteStart(randomTime()) + MINUTE_MS,
            () => random.pick([LEAST, MOST, 0n]),
          ])()
        const ranges = Array.from(
          { length: atDepth({ normally: 50, thoroughly: 150 }) },
          () => [bound(), bound()].toSorted((a, b) => (a < b ? -1 : 1)) as [bigint, bigint],
        )
        for (const [from, to] of [
          [LEAST, MOST],
          [LEAST, LEAST],
          [MOST, MOST],
          [FIRST_MS, LAST_MS],
          [FIRST_MS, LAST_MS + 1n],
          [-1n, 0n],
          [0n, 0n],
          ...ranges,
        ] as const)
          await expectRange(from, to, times)
        let fromCache = 0
        for (let number = 0; number < 40 || (fromCache <= 20 && number < 1_000); number++) {
          const from = minuteStart(NOW_MS - BigInt(random.between(0, 150)) * MINUTE_MS)
          if ((await expectRange(from, from + BigInt(random.between(0, 90)) * MINUTE_MS, times)) === 'cache') fromCache++
        }
        expect(fromCache).toBeGreaterThan(20)
      },
    )

    test('a range whose start is after its end is refused with the reason', async () => {
      await expect(countRange(1n, 0n, false)).rejects.toThrow(/invalid_argument.*time_range/)
    })
  })

  describe('with more distinct minutes than the cache may hold, including future ones', () => {
    const MAX_MINUTES = 40
    const FIELDS_BESIDE = 3 + 2 * 16
    const times: bigint[] = []
    beforeAll(() => start({ MAX_MINUTES: String(MAX_MINUTES) }))
    afterAll(stop)

    test('the hash stays within its maximum, and its minutes and all counts are right', { timeout: TEST_LIMIT_MS }, async () => {
      const cache = new Redis(ping.place.redisUrl)
      const fields: number[] = []
      for (let round = 0; round < atDepth({ normally: 4, thoroughly: 8 }); round++) {
        const more = [
          ...Array.from({ length: 60 }, () => NOW_MS - BigInt(random.between(0, 120)) * MINUTE_MS),
          ...Array.from({ length: 30 }, () => NOW_MS + BigInt(random.between(0, 6 * 24 * 60)) * MINUTE_MS),
          ...Array.from({ length: 20 }, randomTime),
        ]
        times.push(...more)
        await sendAll(more)
        fields.push(await cache.hlen('ping:counters'))
      }
      await expectCacheTrue()
      fields.push(await cache.hlen('ping:counters'))
      const { total, 'minutes-from': from } = await cache.hgetall('ping:counters')
      cache.disconnect()
      expect(Math.max(...fields)).toBeLessThanOrEqual(FIELDS_BESIDE + MAX_MINUTES)
      expect(fields.at(-1)).toBeGreaterThan(FIELDS_BESIDE + MAX_MINUTES / 2)
      expect(Number(from) * 60_000).toBeGreaterThan(Number(NOW_MS - 2n * HOUR_MS))
      expect(Number(total)).toBe(times.length)
      const starts = Array.from({ length: 30 }, () => minuteStart(NOW_MS + BigInt(random.between(-120, 120)) * MINUTE_MS))
      for (const from of starts) await expectRange(from, from + BigInt(random.between(1, 200)) * MINUTE_MS, times)
      await expectRange(LEAST, MOST, times)
    })

    test('a rebuild keeps the newest minutes and changes nothing else', { timeout: TEST_LIMIT_MS }, async () => {
      const cache = new Redis(ping.place.redisUrl)
      await cache.flushall()
      await expectCacheTrue()
      expect(await cache.hlen('ping:counters')).toBeLessThanOrEqual(FIELDS_BESIDE + MAX_MINUTES)
      cache.disconnect()
      for (let from = minuteStart(NOW_MS) - HOUR_MS; from < NOW_MS + HOUR_MS; from += 20n * MINUTE_MS)
        await expectRange(from, from + HOUR_MS, times)
      expect(await ping.verify('60s')).toMatch(/^OK$/m)
    })
  })
})
