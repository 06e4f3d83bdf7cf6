import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { wait } from '../../../src/runtime/wait.ts'
import { killAndRestart, type Fault, type Victim } from '../../faults/fault.ts'
import { faultSettings } from '../../faults/settings.ts'
import { atDepth } from '../../support/depth.ts'
import { kafkaKindsAtDepth } from '../../support/kafka.ts'
import { keepLogsOnFailure } from '../../support/programs.ts'
import { seededRandom } from '../../support/random.ts'
import { checkTopics } from './check-topics.ts'
import { reportKills, type MeasuredKill } from './report.ts'
import { RunningLoad } from './run-load.ts'
import { startSemaphore, type WholeSemaphore } from './whole-semaphore.ts'

const { runs, seed } = faultSettings()
const RESOURCES = atDepth({ normally: 100, thoroughly: 200 })
const COMMANDS = RESOURCES * atDepth({ normally: 10, thoroughly: 25 })
const PER_SECOND = 400
const MAX_WORK_MS = 80
const MAX_PEACE_MS = 700
/** A group gives a dead member's partitions to another one after ten seconds. */
const RECOVERS_WITHIN_MS = 40_000
const DRAIN_LIMIT_MS = 60_000
/** Without a fault a free slot is used in a fraction of this. */
const PATIENCE_MS = 2_000

keepLogsOnFailure()

describe.each(kafkaKindsAtDepth())(`the semaphore under kill -9 (--runs ${runs} --seed ${seed}, %s)`, kind => {
  const random = seededRandom(seed + 2)
  const measured: MeasuredKill[] = []
  let semaphore: WholeSemaphore
  let running: RunningLoad

  beforeAll(async () => {
    semaphore = await startSemaphore({ kafka: kind, programs: 2 })
    const { brokers, topics } = semaphore
    running = new RunningLoad({ brokers, topics, seed, resources: RESOURCES, perSecond: PER_SECOND, maxWorkMs: MAX_WORK_MS })
  })
  afterAll(() => semaphore.stop())

  test('never lets more commands out than the limit, and every command out once and in its turn', { timeout: 120_000 * runs }, async () => {
    await running.start()
    await running.nextGrant(RECOVERS_WITHIN_MS)
    for (let round = 0; round < runs; round++) for (const victim of random.shuffled(victimsOf(semaphore))) await suffer(victim)
    await running.untilRequested(COMMANDS)
    const { history, drainMs } = await running.finish(DRAIN_LIMIT_MS)
    const violations = checkTopics(history, { limitOf: () => 1, patienceMs: PATIENCE_MS, outages: measured.map(outageOf) })
    process.stdout.write(reportKills(measured, { seed, history, duplicates: running.simulation.duplicates, drainMs }))
    expect(violations.slice(0, 20)).toEqual([])
    expect(history.actionable.length).toBeGreaterThan(COMMANDS / 2)
  })

  async function suffer(victim: Victim): Promise<void> {
    await wait(random.between(0, MAX_PEACE_MS))
    const fault: Fault = await killAndRestart([victim], random)
    const recoveredMs = await running.nextGrant(RECOVERS_WITHIN_MS)
    measured.push({ ...fault, recoveredMs })
  }
})

function victimsOf({ programs, kafka, postgres }: WholeSemaphore): readonly Victim[] {
  return [
    ...programs.map(program => ({ name: 'semaphore', kill9: program.kill9, up: program.start })),
    { name: 'broker', kill9: kafka.kill9, up: kafka.restart },
    { name: 'postgres', kill9: postgres.kill9, up: () => postgres.restart() },
  ]
}

/** From the kill until commands flow again, by the wall clock. */
function outageOf({ killedMs, backMs, recoveredMs }: MeasuredKill) {
  return { fromMs: performance.timeOrigin + killedMs, toMs: performance.timeOrigin + backMs + recoveredMs }
}
