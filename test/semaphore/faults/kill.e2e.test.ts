import pg from 'pg'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { verifyStore } from '../../../semaphore/store/verify.ts'
import { wait } from '../../../src/runtime/wait.ts'
import { killAndRestart, type Fault, type Victim } from '../../faults/fault.ts'
import { atDepth } from '../../support/depth.ts'
import { kafkaKindsAtDepth, type KafkaKind } from '../../support/kafka.ts'
import { keepLogsOnFailure, type Program } from '../../support/programs.ts'
import { seededRandom } from '../../support/random.ts'
import type { Outage } from './check-idle.ts'
import { checkTopics } from './check-topics.ts'
import { runningLimitOf, setOwnLimits } from './own-limits.ts'
import { reportFaults } from './report.ts'
import { RunningLoad } from './run-load.ts'
import { semaphoreFaultSettings } from './settings.ts'
import { startSemaphore, type WholeSemaphore } from './whole-semaphore.ts'

const { runs, seed, isLong, ...whole } = semaphoreFaultSettings()
/** Every command takes 30 ms on average: the busiest resources have a queue. */
const PER_SECOND_AND_RESOURCE = 1.25
/** Of the load, with Apache Kafka in a run of all tests. */
const SMALL_SHARE = 0.25
const MAX_WORK_MS = 60
const MAX_PEACE_MS = 700
/** A group gives a dead member's partitions to another one after ten seconds. */
const RECOVERS_WITHIN_MS = 30_000
const NEXT_GRANT_LIMIT_MS = 60_000
/** Nothing recovers after a longer pause. */
const QUIET_MS = 40_000
/** Without a fault a free slot is used in a hundredth of this, but at the start two programs join their group one after the other. */
const PATIENCE_MS = 10_000
const isThorough = atDepth({ normally: false, thoroughly: true })
/** Longer than a session in Postgres, in Kafka's group, and than the leases. */
const FROZEN_MS = 13_000

keepLogsOnFailure()

// At the same time: mostly they wait for the time-outs of groups and sessions.
describe.concurrent.each(kafkaKindsAtDepth())(`the semaphore under kill -9 (--runs ${runs} --seed ${seed}, %s)`, kind => {
  const random = seededRandom(seed + 2)
  const share = kind === 'Apache Kafka' && !isLong ? SMALL_SHARE : 1
  const [resources, commands] = [Math.ceil(whole.resources * share), Math.ceil(whole.commands * share)]
  const faults: Fault[] = []
  let semaphore: WholeSemaphore
  let running: RunningLoad

  beforeAll(async () => {
    semaphore = await startSemaphore({ kafka: kind, programs: 2 })
    const { brokers, topics, programs } = semaphore
    const urls = programs.map(({ url }) => url)
    running = new RunningLoad({
      brokers,
      topics,
      urls,
      seed,
      resources,
      perSecond: PER_SECOND_AND_RESOURCE * resources,
      maxWorkMs: MAX_WORK_MS,
    })
  })
  afterAll(() => semaphore.stop())

  test('never lets more commands out than the limit, and every command out once and in its turn', { timeout: 300_000 * runs }, async () => {
    await setOwnLimits(semaphore.programs[0]!.url, resources)
    await running.start()
    await running.nextGrant(NEXT_GRANT_LIMIT_MS)
    for (let round = 0; round < runs; round++) {
      const { programs, parts } = victimsOf(semaphore, kind)
      // The parts fail while a program is frozen: after that, it has lost all that it had.
      const isFrozen = isThorough && kind !== 'Apache Kafka'
      await Promise.all([sufferAll(parts), isFrozen && suffer(() => freezeAndWake(random.pick(semaphore.programs)))])
      await sufferAll(programs)
    }
    await running.untilRequested(kind === 'Apache Kafka' && isLong ? commands / 5 : commands)
    const { history, drainMs } = await running.finish(QUIET_MS)
    const outages = faults.map(outageOf)
    const { duplicates } = running.simulation
    process.stdout.write(reportFaults(faults, { seed, history, limitOf: runningLimitOf, duplicates, drainMs }))
    expect(checkTopics(history, { limitOf: runningLimitOf, patienceMs: PATIENCE_MS, outages }).slice(0, 20)).toEqual([])
    expect(running.load.wrongAnswers).toEqual([])
    expect(await brokenRules(semaphore)).toEqual([])
    expect(new Set(history.actionable.map(({ commandId }) => commandId)).size).toBeGreaterThan(commands / 10)
  })

  async function sufferAll(victims: readonly Victim[]): Promise<void> {
    for (const victim of random.shuffled(victims)) await suffer(() => killAndRestart([victim], random))
  }

  async function suffer(fault: () => Promise<Fault>): Promise<void> {
    await wait(random.between(0, MAX_PEACE_MS))
    faults.push(await fault())
    await running.nextGrant(NEXT_GRANT_LIMIT_MS)
  }
})

/** What the topics do not show: rows that contradict each other. */
async function brokenRules({ databaseUrl }: WholeSemaphore): Promise<unknown> {
  const client = new pg.Client({ connectionString: databaseUrl, options: '-c search_path=semaphore' })
  await client.connect()
  return verifyStore(client).finally(() => client.end())
}

/** What concerns the semaphore itself is tested with Ping's broker, which starts at once. */
function victimsOf({ programs, kafka, postgres }: WholeSemaphore, kind: KafkaKind) {
  const all = programs.map(program => ({ name: 'semaphore', kill9: program.kill9, up: program.start }))
  const broker = { name: 'broker', kill9: kafka.kill9, up: kafka.restart }
  if (kind === 'Apache Kafka') return { programs: all.slice(1), parts: [broker] }
  return { programs: all, parts: [broker, { name: 'postgres', kill9: postgres.kill9, up: () => postgres.restart() }] }
}

/** The other program takes over; the one that wakes finds that it has lost everything. */
async function freezeAndWake(program: Program): Promise<Fault> {
  const killedMs = performance.now()
  program.freeze()
  await wait(FROZEN_MS)
  program.wake()
  return { names: ['semaphore frozen'], killedMs, backMs: performance.now() }
}

/** Until everything must be as before, by the wall clock. */
function outageOf({ killedMs, backMs }: Fault): Outage {
  return { fromMs: performance.timeOrigin + killedMs, toMs: performance.timeOrigin + backMs + RECOVERS_WITHIN_MS }
}
