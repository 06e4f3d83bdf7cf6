import { expect, test } from 'vitest'
import { verifyStore } from '../../../semaphore/store/verify.ts'
import type { Outcome, Step } from '../../../semaphore/terms/step.ts'
import { atDepth } from '../../support/depth.ts'
import { seededRandom, type Random } from '../../support/random.ts'
import { DEFAULTS, describeStore, type Store } from '../store/store-fixture.ts'
import { cancel, extend, finish, limits, submit } from '../test-steps.ts'
import { EMPTY_WORLD, Model, type LogRow, type World } from './model.ts'

const RESOURCES = ['r', 'q', 's']
const IDS = Array.from({ length: 14 }, (_, n) => `c${n}`)
const BATCHES = 60
const KINDS: readonly LogRow['kind'][] = [
  'actionable',
  'cancelling',
  'cancelling',
  'finished',
  'cancelled',
  'expired',
  'refusedFull',
  'refusedConflict',
]

/** Steps for different commands, among them repeats, strangers, old tokens and commands of other resources. */
function randomBatch(random: Random, world: World): readonly Step[] {
  const ids = random.shuffled(IDS).slice(0, random.between(1, 6))
  const steps = ids.map(commandId => randomStep(random, world, commandId))
  return random.next() < 0.15 ? [...steps, randomLimits(random)] : steps
}

function randomStep(random: Random, world: World, commandId: string): Step {
  const known = world.commands.find(({ id }) => id === commandId)
  const resource = known && random.next() < 0.9 ? known.resource : random.pick(RESOURCES)
  const token = random.pick([undefined, undefined, known?.token, 1n])
  const more = token === undefined ? { resource } : { resource, token }
  switch (random.between(0, known ? 8 : 3)) {
    case 3:
    case 4:
      return finish(commandId, more)
    case 5:
      return extend(commandId, more)
    case 6:
      return cancel(commandId, { ...more, when: 'confirmed' })
    case 7:
      return cancel(commandId, more)
    default:
      return submit(commandId, {
        resource,
        priority: random.pick([0, 0, 0, 5]),
        payload: Buffer.from(random.pick(['x', 'x', 'x', 'y'])),
        announceRefusal: true,
      })
  }
}

function randomLimits(random: Random): Step {
  const more = [
    { running: random.between(0, 4) },
    { running: null },
    { waiting: random.between(0, 4) },
    { leaseMs: random.pick([null, 3_600_000]) },
  ]
  return limits({ resource: random.pick(RESOURCES), ...random.pick(more) })
}

function randomLapses(random: Random, world: World): readonly string[] {
  const running = world.commands.filter(({ state }) => state === 'running' || state === 'cancelling').map(({ id }) => id)
  return random.shuffled(running).filter(() => random.next() < 0.08)
}

/** The leases of these commands have ended, in this order. */
async function lapse(store: Store, ids: readonly string[]): Promise<void> {
  for (const [at, id] of ids.entries()) {
    await store.rows(`update slots set lease_until = '2000-01-01'::timestamptz + ${at} * interval '1 second' where command_id = '${id}'`)
  }
}

/** What the model does not know is removed: times, and limits that it does not have. */
function comparable(outcome: Outcome): Outcome {
  if (outcome.outcome === 'extended') return { ...outcome, leaseUntilMs: 0 }
  if (outcome.outcome !== 'set') return outcome
  const { running, waiting } = outcome.limits
  return { outcome: 'set', limits: { running, waiting, leaseMs: 0, ageingMs: 0, rate: undefined } }
}

async function logOf(store: Store, resource: string): Promise<readonly LogRow[]> {
  const rows = await store.rows<{ kind: number; id: string; token: bigint | null }>(
    `select kind, command_id as id, token from outbox where resource = '${resource}' order by lane, seq`,
  )
  return rows.map(({ kind, id, token }) => ({ kind: KINDS[kind - 1]!, resource, id, token: token ?? undefined }))
}

describeStore('the SQL functions of the semaphore', store => {
  test.each(Array.from({ length: atDepth({ normally: 4, thoroughly: 8 }) }, (_, n) => n + 1))(
    'do what the model does, in random history %d',
    async seed => {
      const random = seededRandom(seed)
      const model = new Model(DEFAULTS)
      let world = EMPTY_WORLD
      await store().run(limits({ resource: 'q', running: 2, waiting: 2 }))
      world = model.apply(world, [limits({ resource: 'q', running: 2, waiting: 2 })]).world
      for (let batch = 0; batch < BATCHES; batch++) {
        const [steps, lapsed] = [randomBatch(random, world), randomLapses(random, world)]
        await lapse(store(), lapsed)
        const lanes = Array.from({ length: 16 }, (_, lane) => lane)
        const { outcomes } = await store().take(steps, { lanes })
        const applied = model.apply(world, steps, lapsed)
        expect(outcomes.map(comparable), `batch ${batch}`).toEqual(applied.outcomes)
        world = applied.world
      }
      for (const resource of RESOURCES) expect(await logOf(store(), resource)).toEqual(world.log.filter(row => row.resource === resource))
      expect(await verifyStore(store().client)).toEqual([])
      expect(world.log.length).toBeGreaterThan(20)
    },
  )
})
