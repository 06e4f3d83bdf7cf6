import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { wait } from '../../src/runtime/wait.ts'
import { BulkLoad } from '../support/bulk-load.ts'
import { i5Reads, i7Recovery } from '../support/check-reads.ts'
import { CACHE_TRUE_WITHIN_MS, i1Lost, i2Double, i3Gaps, i4Cache, i6Topic } from '../support/checker.ts'
import { CountWatch } from '../support/count-watch.ts'
import { kafkaKindsAtDepth } from '../support/kafka.ts'
import { Load } from '../support/load.ts'
import { keepLogsOnFailure, until } from '../support/programs.ts'
import { seededRandom, type Random } from '../support/random.ts'
import { startOwnPing, type OwnPing } from '../support/whole-ping.ts'
import { killAndRestart, victimsOf, type Fault, type Victim } from './fault.ts'
import { reportFaults, type MeasuredFault } from './report.ts'
import { faultSettings } from './settings.ts'

const { runs, seed } = faultSettings()
const ROUND_LIMIT_MS = 600_000
/** Between the end of one fault's recovery and the next fault. */
const MAX_PEACE_MS = 700
/** A machine that is busy with something else may be this many times slower than what is promised. */
const BUSY_MACHINE = 15
/** Kafka keeps the place of a killed processor for 10 s. */
const RECOVERS_WITHIN_MS = 60_000
/** Of the timestamps: old and future minutes, and, for one in three, the server's clock. */
const MINUTE_MS = 60_000n

keepLogsOnFailure()

function timesOf(random: Random): (number: number) => bigint | undefined {
  return number => (number % 3 === 0 ? undefined : BigInt(random.between(-200, 200)) * MINUTE_MS * 7n + BigInt(random.between(0, 60_000)))
}

describe.each(kafkaKindsAtDepth())(`kill -9 under load (--runs ${runs} --seed ${seed}, %s)`, kind => {
  const random = seededRandom(seed)
  const measured: MeasuredFault[] = []
  const faults: Fault[] = []
  let ping: OwnPing
  let load: Load
  let bulk: BulkLoad
  let watch: CountWatch

  beforeAll(async () => {
    ping = await startOwnPing({ kafka: kind })
    load = new Load({ urls: ping.servers.map(({ url }) => url), callers: 8, pauseMs: 15, timestampMs: timesOf(random) })
    bulk = new BulkLoad({ urls: ping.servers.map(({ url }) => url), batch: 20, pauseMs: 25, timestampMs: timesOf(random) })
    watch = new CountWatch(ping.servers)
  })
  afterAll(async () => {
    await watch.stop()
    await Promise.all([load.drain(), bulk.drain()])
    load.close()
    bulk.close()
    await ping.stop()
    process.stdout.write(
      reportFaults(measured, {
        seed,
        pings: load.sent.length,
        bulkPings: bulk.sent.length,
        reads: watch.samples.length,
        failures: load.failures,
      }),
    )
  })

  const sent = () => [...load.sent, ...bulk.sent]

  /** One fault, and the wait until pings are acknowledged and counts are fresh again. */
  async function suffer(victims: readonly Victim[]): Promise<void> {
    await wait(random.between(0, MAX_PEACE_MS))
    const fault = await killAndRestart(victims, random)
    faults.push(fault)
    const recovery = () => i7Recovery(watch.samples, load.sent, fault.backMs)
    await until(
      `I7: acks and fresh counts after ${fault.names.join(' and ')} recovered`,
      () => Object.values(recovery()).every(ms => ms !== undefined),
      RECOVERS_WITHIN_MS,
    )
    measured.push({ ...fault, ...recovery() })
  }

  async function expectAllTrue(): Promise<void> {
    await Promise.all([load.drain(), bulk.drain()])
    const { databaseUrl, redisUrl } = ping.place
    const { violations, tookMs } = await i4Cache(databaseUrl, redisUrl, CACHE_TRUE_WITHIN_MS * BUSY_MACHINE)
    expect(violations, 'I4').toEqual([])
    measured.at(-1)!.quietMs = tookMs
    expect(sent().filter(({ ackedMs }) => ackedMs === undefined)).toEqual([])
    expect(bulk.violations).toEqual([])
    expect(await i1Lost(databaseUrl, sent()), 'I1').toEqual([])
    expect(await i2Double(databaseUrl, sent()), 'I2').toEqual([])
    expect(await i3Gaps(databaseUrl), 'I3').toEqual([])
  }

  // Apache Kafka takes seconds to restart: what concerns Ping itself is tested with Ping's broker.
  const rounds = kind === 'Apache Kafka' ? Math.ceil(runs / 5) : runs
  test.each(Array.from({ length: rounds }, (_, round) => round + 1))(
    'round %i, a kill of each part loses no ping and counts none twice',
    { timeout: ROUND_LIMIT_MS },
    async () => {
      const victims = victimsOf(ping)
      load.start()
      bulk.start()
      for (const victim of random.shuffled(victims)) await suffer([victim])
      await suffer(random.shuffled(victims).slice(0, 2))
      await expectAllTrue()
    },
  )

  test('every read of the total was correct at all times (I5)', () => {
    const postgresAway = faults
      .filter(({ names }) => names.includes('postgres'))
      .map(({ killedMs, backMs }) => ({ fromMs: killedMs, toMs: backMs }))
    expect(watch.samples.length).toBeGreaterThan(100)
    expect(i5Reads(watch.samples, sent(), { postgresAway })).toEqual([])
  })

  test('the topic has every row (I6), and pingcli verify prints OK', { timeout: 180_000 }, async () => {
    const { databaseUrl, brokers, topic } = ping.place
    expect(await i6Topic(databaseUrl, brokers, topic, RECOVERS_WITHIN_MS), 'I6').toEqual([])
    expect(await ping.verify('60s')).toMatch(/^OK$/m)
  })
})
