import { withoutWarning } from '../../src/postgres/commit-warning.ts'
import type { Client } from '../../src/postgres/pg-types.ts'
import type { Outcome, Step } from '../terms/step.ts'
import { handOversOf, type HandOver, type ToldRows } from './hand-over.ts'
import { sortSteps, toColumns, type BatchContext, type SortedSteps } from './step-columns.ts'
import { toOutcomes, type TakenSteps } from './step-outcomes.ts'

const TAKE_STEPS = {
  name: 'semaphore_take_steps',
  text: 'select * from take_steps($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)',
}

/** What a batch did. */
export interface TakenBatch {
  /** In the order of the steps. */
  readonly outcomes: readonly Outcome[]
  /** The number of grants, to commands of this batch and to others. */
  readonly grants: number
  /** The rows that it wrote into the outbox, by lane; undefined: too many to be handed over. */
  readonly handOvers: readonly HandOver[] | undefined
}

/** The rows of a batch with more steps are read by the relay, together with those of other batches. */
const HAND_OVER_STEPS = 32

/**
 * Applies a batch of checked steps: one round trip, one transaction; resolves after the commit. No two of its steps may be for one
 * command or for the limits of one resource.
 *
 * After any rejection it is unknown whether the batch was applied: call again with the same steps, on a new connection if this one
 * is broken. See `classifyBatchFailure`. What the first try did is then answered as a repeat.
 */
export async function takeSteps(client: Client, steps: readonly Step[], context: BatchContext): Promise<TakenBatch> {
  const sorted = sortSteps(steps)
  const isSmall = steps.length <= HAND_OVER_STEPS
  const values = [...toColumns(sorted, context), isSmall]
  const { rows } = await withoutWarning(client, () => client.query<TakenSteps & ToldRows>({ ...TAKE_STEPS, values }))
  const taken = rows[0]!
  return {
    outcomes: toOutcomes(sorted, taken, context.defaults),
    grants: taken.granted_ids?.length ?? 0,
    handOvers: isSmall && !isRefused(sorted, taken) ? handOversOf(taken, context.laneCount) : undefined,
  }
}

/** True if the outbox may have refusals, which are not returned. */
function isRefused({ submits }: SortedSteps, { codes }: TakenSteps): boolean {
  return submits.some(([{ announceRefusal }], at) => announceRefusal === true && codes![at]! >= 3)
}
