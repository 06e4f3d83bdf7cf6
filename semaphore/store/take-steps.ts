import { withoutWarning } from '../../src/postgres/commit-warning.ts'
import type { Client } from '../../src/postgres/pg-types.ts'
import type { Outcome, Step } from '../terms/step.ts'
import { sortSteps, toColumns, type BatchContext } from './step-columns.ts'
import { toOutcomes, type TakenSteps } from './step-outcomes.ts'

const TAKE_STEPS = {
  name: 'semaphore_take_steps',
  text: 'select * from take_steps($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)',
}

/** What a batch did. */
export interface TakenBatch {
  /** In the order of the steps. */
  readonly outcomes: readonly Outcome[]
  /** The number of grants, to commands of this batch and to others. */
  readonly grants: number
}

/**
 * Applies a batch of checked steps: one round trip, one transaction; resolves after the commit. No two of its steps may be for one
 * command or for the limits of one resource.
 *
 * After any rejection it is unknown whether the batch was applied: call again with the same steps, on a new connection if this one
 * is broken. See `classifyBatchFailure`. What the first try did is then answered as a repeat.
 */
export async function takeSteps(client: Client, steps: readonly Step[], context: BatchContext): Promise<TakenBatch> {
  const sorted = sortSteps(steps)
  const values = toColumns(sorted, context) as unknown[]
  const { rows } = await withoutWarning(client, () => client.query<TakenSteps>({ ...TAKE_STEPS, values }))
  return { outcomes: toOutcomes(sorted, rows[0]!, context.defaults), grants: rows[0]!.granted_ids?.length ?? 0 }
}
