import { afterAll, beforeAll, describe, expect, onTestFailed, test } from 'vitest'
import { wait } from '../../src/runtime/wait.ts'
import { i5Reads } from '../support/check-reads.ts'
import { CACHE_TRUE_WITHIN_MS, i1Lost, i2Double, i3Gaps, i4Cache, i6Topic, withDatabase } from '../support/checker.ts'
import { CountWatch } from '../support/count-watch.ts'
import { firstOrAll } from '../support/depth.ts'
import { Load } from '../support/load.ts'
import { keepLogsOnFailure, until, type Program } from '../support/programs.ts'
import { seededRandom } from '../support/random.ts'
import { startPing, type WholePing } from '../support/whole-ping.ts'
import { countJoins, lastJoin, readsPartitions } from './reads-partitions.ts'
import { faultSettings } from './settings.ts'

const { seed } = faultSettings()
const PAIRS = firstOrAll([0, 1])
const LANES = 16
/** A machine that is busy with something else may be this many times slower than what is promised. */
const BUSY_MACHINE = 15
/** Postgres leaves a silent relay its lanes for 5 s, and Kafka a silent consumer its partitions for 10 s. */
const HANDED_OVER_WITHIN_MS = 60_000
const TEST_LIMIT_MS = 10 * HANDED_OVER_WITHIN_MS
/** Tries to hand lanes over until no machine's pause has handed them over as well. */
const TRIES = 5

keepLogsOnFailure()

describe(`two servers and two processors side by side (--seed ${seed})`, () => {
  const random = seededRandom(seed)
  let ping: WholePing
  let load: Load
  let watch: CountWatch

  beforeAll(async () => {
    ping = await startPing({ servers: 2, processors: 2 })
    load = new Load({ urls: ping.servers.map(({ url }) => url), callers: 8, pauseMs: 15 })
    watch = new CountWatch(ping.servers)
  })
  afterAll(async () => {
    await watch.stop()
    load.close()
    await ping.stop()
  })

  const countRebuilds = () =>
    ping.processors.flatMap(processor => processor.log()).filter(line => line.includes('rebuilt the cache')).length
  const lanesOf = (server: Program) => server.metric('ping_relay_lanes')
  /** The server that relays most lanes, which is all of them after a hand-over, and the other one. */
  const relayAndOther = async (): Promise<readonly [Program, Program]> => {
    const [first, second] = [ping.servers[0]!, ping.servers[1]!]
    let lanes: readonly number[] = []
    await Promise.all([first.untilReady(), second.untilReady()])
    await until(
      'the servers relay all lanes',
      async () => {
        lanes = await Promise.all([lanesOf(first), lanesOf(second)])
        return lanes.reduce((sum, each) => sum + each) === LANES
      },
      HANDED_OVER_WITHIN_MS,
    )
    return lanes[0]! >= lanes[1]! ? [first, second] : [second, first]
  }
  /** How often its session has ended, after which another server may take its lanes. */
  const sessionsLost = (server: Program) => server.log().filter(line => line.includes('relay: the session ended')).length
  const untilRelaysAll = (server: Program) =>
    until('the other server relays all lanes', async () => (await lanesOf(server)) === LANES, HANDED_OVER_WITHIN_MS)

  const untilReads = (processor: Program, partitions: string) =>
    until(`it reads ${partitions}`, () => lastJoin(processor).includes(`"partitions":[${partitions}]`), HANDED_OVER_WITHIN_MS)
  const untilSent = async (count: number) => {
    const before = load.sent.length
    await until(`${count} pings more are sent`, () => load.sent.length >= before + count)
  }
  /** Relays whose session has asked Postgres again and again, over more than the second between two tries to take lanes. */
  const relaysThatAsked = () =>
    withDatabase(ping.place.databaseUrl, async client => {
      const sql = `select count(*)::int as count from pg_stat_activity
        where datname = current_database() and application_name = 'ping-relay' and query_start > backend_start + interval '1.5 s'`
      return (await client.query<{ count: number }>(sql)).rows[0]!.count
    })

  test.each(PAIRS)(
    'the server that relays and processor %i, which freeze under load and wake up, lose nothing and count nothing twice',
    { timeout: TEST_LIMIT_MS },
    async number => {
      const [server, other] = await relayAndOther()
      const [processor, otherProcessor] = [ping.processors[number]!, ping.processors[1 - number]!]
      await until('both processors read partitions', () => ping.processors.every(readsPartitions), HANDED_OVER_WITHIN_MS)
      const rebuilds = countRebuilds()
      load.start()
      await untilSent(random.between(400, 800))
      const before = load.sent.length
      const frozen = [server, processor]
      onTestFailed(() => frozen.forEach(program => program.wake())) // it may run once more
      for (const program of random.shuffled(frozen)) {
        program.freeze()
        await wait(random.between(0, 300))
      }
      await Promise.all([untilRelaysAll(other), untilReads(otherProcessor, '0,1,2,3')])
      const joins = countJoins(processor)
      for (const program of random.shuffled(frozen)) {
        program.wake()
        await wait(random.between(0, 300))
      }
      await until('the server has noticed that it lost its lanes', async () => (await lanesOf(server)) === 0, HANDED_OVER_WITHIN_MS)
      await until('the processor has joined again', () => countJoins(processor) > joins, HANDED_OVER_WITHIN_MS)
      await untilSent(100)
      await load.drain()
      expect(load.sent.length).toBeGreaterThan(before + 100)
      const { databaseUrl, redisUrl } = ping.place
      // A tick would notice what was counted twice, and rebuild the cache.
      expect(countRebuilds(), 'rebuilds of the cache').toBe(rebuilds)
      expect((await i4Cache(databaseUrl, redisUrl, CACHE_TRUE_WITHIN_MS * BUSY_MACHINE)).violations, 'I4').toEqual([])
      expect(await i1Lost(databaseUrl, load.sent), 'I1').toEqual([])
      expect(await i2Double(databaseUrl, load.sent), 'I2').toEqual([])
      expect(await i3Gaps(databaseUrl), 'I3').toEqual([])
    },
  )

  test(
    'a server that stops hands its lanes over at once, and gets none back while the other runs',
    { timeout: TEST_LIMIT_MS },
    async () => {
      load.start()
      for (let tries = 1; ; tries++) {
        const [one, other] = await relayAndOther()
        const lost = sessionsLost(other)
        expect(await one.stop()).toEqual({ code: 0, signal: null })
        await untilRelaysAll(other).finally(() => one.start())
        await one.untilReady()
        await until('it has asked for lanes', async () => (await relaysThatAsked()) === 2, HANDED_OVER_WITHIN_MS)
        const lanes = [await lanesOf(one), await lanesOf(other)]
        // A server that stands still for 5 s loses its lanes, as it should.
        if (sessionsLost(other) > lost && tries < TRIES) continue
        expect(lanes).toEqual([0, LANES])
        break
      }
      await load.drain()
      const { databaseUrl, redisUrl } = ping.place
      expect((await i4Cache(databaseUrl, redisUrl, CACHE_TRUE_WITHIN_MS * BUSY_MACHINE)).violations, 'I4').toEqual([])
    },
  )

  test(
    'every read of both servers was correct (I5), the topic has every row (I6), and pingcli verify prints OK',
    { timeout: TEST_LIMIT_MS },
    async () => {
      await load.drain()
      await watch.stop()
      expect(i5Reads(watch.samples, load.sent)).toEqual([])
      const { databaseUrl, brokers, topic } = ping.place
      expect(await i6Topic(databaseUrl, brokers, topic), 'I6').toEqual([])
      expect(await ping.verify()).toMatch(/^OK$/m)
    },
  )
})
