import { describe, expect, test } from 'vitest'
import { atDepth, firstOrAll } from '../../support/depth.ts'
import { sharedKafka } from '../../support/kafka.ts'
import { testDatabase } from '../../support/postgres.ts'
import { keepLogsOnFailure, until } from '../../support/programs.ts'
import { checkTopics } from './check-topics.ts'
import { MISTAKES } from './mistakes.ts'
import { ownLimits, setLimits, type OwnLimits } from './own-limits.ts'
import { plant, type Mistake } from './plant.ts'
import { resourceName, resourceNumber } from './resource-name.ts'
import { RunningLoad } from './run-load.ts'
import { semaphoreFaultSettings } from './settings.ts'
import { createTopics } from './topics.ts'
import type { Violation } from './violation.ts'
import { startProgramOn } from './whole-semaphore.ts'

type Title = keyof typeof MISTAKES

/** A load in which a mistake shows. */
interface Plan {
  readonly commands: number
  readonly perSecond: number
  readonly maxWorkMs: number
  readonly limitsOf: (resource: number) => OwnLimits | undefined
  readonly isUnruly?: boolean
  /** How long a slot may be free while a command waits. Undefined: not checked. */
  readonly patienceMs?: number
}

const { isLong } = semaphoreFaultSettings()
const RESOURCES = 8
const SEED = 7
/** Longer than a command takes, than a lease, and than a busy machine pauses. With a planted bug many commands never end. */
const QUIET_MS = { withoutBug: 40_000, withBug: 5_000 }
/** A run with a bug that the machine cut short finds nothing: then another one does. */
const MAX_RUNS = 3
/** The default of the programs here: a limit of one is the resource's own. */
const DEFAULT_RUNNING = 2

const USUAL: Plan = { commands: 160, perSecond: 400, maxWorkMs: 40, limitsOf: () => ({ running: 1 }) }
/** All that resources may have, side by side. */
const MIXED: Plan = { ...USUAL, commands: 96, limitsOf: mixedLimits }
/** A tenth of the holders is silent: among so many commands there are some, whichever order they come in. */
const LEASED: Plan = { ...USUAL, limitsOf: () => ({ running: 3, leaseMs: 1_500 }) }
/** All are requested at once, and each takes so long that the next event of its resource is seconds away. */
const SLOW: Plan = {
  commands: 24,
  perSecond: 4_000,
  maxWorkMs: 4_000,
  limitsOf: () => ({ running: 3 }),
  isUnruly: false,
  patienceMs: 2_000,
}
/** A machine may stop, and then a slot is free for that long. */
const PATIENT: Plan = { ...SLOW, patienceMs: 10_000 }
const SHORT_QUEUES: Plan = { ...USUAL, limitsOf: () => ({ running: 1, waiting: 1 }) }
/** Long queues: what is cancelled still waits. */
const LONG_QUEUES: Plan = { ...USUAL, commands: 400, perSecond: 1_000 }
const RATED: Plan = { ...USUAL, commands: 64, limitsOf: () => ({ running: 10, rate: { count: 3, windowMs: 15_000 } }) }
const PLANS: Partial<Readonly<Record<Title, Plan>>> = {
  '3: a lease never ends': LEASED,
  '5: only one slot is given on at a time': SLOW,
  '8: a request that finds the queue full is dropped silently': SHORT_QUEUES,
  '9: a command that is cancelled while it waits is granted': LONG_QUEUES,
  '13: a rate has no effect': RATED,
}

keepLogsOnFailure()

describe.concurrent("the checker of the semaphore's topics", { timeout: 60_000 * MAX_RUNS }, () => {
  const plans = { MIXED, PATIENT }
  test.each(firstOrAll(Object.keys(plans) as (keyof typeof plans)[]))(
    'finds nothing wrong in a run without a planted bug, load %s',
    async name => expect(await run(plans[name])).toEqual([]),
  )

  const titles = Object.keys(MISTAKES) as Title[]
  const ofEachKind = titles.filter((title, index) => titles.findIndex(other => MISTAKES[other].finds === MISTAKES[title].finds) === index)
  test.each(isLong ? titles : atDepth({ normally: titles.slice(0, 1), thoroughly: ofEachKind }))('finds a planted bug: %s', async title => {
    const mistake: Mistake = MISTAKES[title]
    const found = new Set<string>()
    for (let runs = 0; runs < MAX_RUNS && !found.has(mistake.finds); runs++) {
      for (const { broken } of await run(PLANS[title] ?? USUAL, mistake)) found.add(broken)
    }
    expect([...found]).toContain(mistake.finds)
  })
})

function mixedLimits(number: number): OwnLimits {
  if (number === 5) return { running: 1, waiting: 1 }
  if (number === 6) return { running: 10, rate: { count: 3, windowMs: 1_500 } }
  return { running: 1, ...ownLimits(number) }
}

async function run(plan: Plan, mistake?: Mistake): Promise<readonly Violation[]> {
  const [database, brokers] = await Promise.all([testDatabase(), sharedKafka()])
  const topics = await createTopics(brokers)
  const place = { databaseUrl: database.url, brokers, topics }
  const program = await startProgramOn(place, { SEMAPHORE_RUNNING_LIMIT: String(DEFAULT_RUNNING) })
  try {
    await program.untilReady()
    if (mistake) await plant(database.url, mistake)
    for (let number = 0; number < RESOURCES; number++)
      await until('limits are set', () => setLimits(program.url, resourceName(number), plan.limitsOf(number) ?? {}))
    const running = new RunningLoad({ ...place, ...plan, seed: SEED, resources: RESOURCES })
    await running.start()
    await running.untilRequested(plan.commands)
    const { history } = await running.finish(mistake ? QUIET_MS.withBug : QUIET_MS.withoutBug)
    const limitsOf = (resource: string) => plan.limitsOf(resourceNumber(resource))
    return checkTopics(history, {
      limitOf: resource => limitsOf(resource)?.running ?? DEFAULT_RUNNING,
      rateOf: resource => limitsOf(resource)?.rate,
      ...(plan.patienceMs !== undefined && { patienceMs: plan.patienceMs }),
    })
  } finally {
    await program.stop()
    await database.drop()
  }
}
