import type { Cancel, Extend, Finish, Outcome, Submit, SubmitOutcome } from '../terms/step.ts'
import { effectiveLimits, type StoredLimits } from './limits.ts'
import { finalStateOf, stateOf } from './states.ts'
import type { LimitDefaults, SortedSteps } from './step-columns.ts'

/** What `take_steps` returns: a column for each part of an outcome, a row for each step of the kind. Null: there was no such step. */
export interface TakenSteps {
  readonly ended_codes: readonly number[] | null
  readonly ended_states: readonly number[] | null
  readonly ended_vals: readonly bigint[] | null
  readonly codes: readonly number[] | null
  readonly states: readonly number[] | null
  readonly vals: readonly bigint[] | null
  readonly more_vals: readonly bigint[] | null
  readonly known_resources: readonly string[] | null
  readonly limits: readonly StoredLimits[] | null
  readonly granted_ids: readonly string[] | null
  readonly granted_tokens: readonly bigint[] | null
}

/** The outcomes, in the order of the batch. */
export function toOutcomes({ ends, submits, changes }: SortedSteps, taken: TakenSteps, defaults: LimitDefaults): readonly Outcome[] {
  const outcomes: Outcome[] = []
  for (const [at, [step, index]] of ends.entries()) {
    outcomes[index] = endOutcome(step, taken.ended_codes![at]!, taken.ended_states![at]!, taken.ended_vals![at]!)
  }
  const tokens = new Map(taken.granted_ids?.map((id, at) => [id, taken.granted_tokens![at]!]))
  for (const [at, [step, index]] of submits.entries()) outcomes[index] = submitOutcome(step, at, taken, tokens)
  for (const [at, [, index]] of changes.entries()) {
    outcomes[index] = { outcome: 'set', limits: effectiveLimits(taken.limits![at]!, defaults) }
  }
  return outcomes
}

/** 0 stands for no token. */
function tokenOf(value: bigint): bigint | undefined {
  return value === 0n ? undefined : value
}

/** The codes of end_commands. */
function endOutcome(step: Finish | Extend | Cancel, code: number, state: number, value: bigint): Outcome {
  switch (code) {
    case 1:
      return doneOutcome(step, state, value)
    case 2:
    case 7:
      return { outcome: 'already', state: finalStateOf(state), isRepeat: code === 7, token: tokenOf(value) }
    case 3:
      return { outcome: 'notRunning', state: 'waiting' }
    case 4:
      return { outcome: 'staleToken', token: value }
    case 5:
      return { outcome: 'unknown' }
    default:
      return { outcome: 'noLease' }
  }
}

function doneOutcome(step: Finish | Extend | Cancel, state: number, value: bigint): Outcome {
  if (step.kind === 'extend') return { outcome: 'extended', leaseUntilMs: Number(value) }
  if (step.kind === 'finish') return { outcome: 'finished', state: state === 4 ? 'finished' : 'cancelled', token: value }
  return { outcome: 'cancelled', state: state === 3 ? 'cancelling' : 'cancelled', token: tokenOf(value) }
}

/** The codes of submit_commands. */
function submitOutcome(step: Submit, at: number, taken: TakenSteps, tokens: ReadonlyMap<string, bigint>): SubmitOutcome {
  const [value, more, resource] = [taken.vals![at]!, taken.more_vals![at]!, taken.known_resources![at]!]
  switch (taken.codes![at]!) {
    case 1:
      return { outcome: 'accepted', place: value, token: tokens.get(step.commandId) }
    case 2:
      return repeated(value, taken.states![at]!, tokenOf(more) ?? tokens.get(step.commandId))
    case 3:
      return { outcome: 'conflict', differs: 'resource', resource }
    case 4:
      return { outcome: 'conflict', differs: 'payload', resource }
    default:
      return { outcome: 'full', limit: Number(value), waiting: Number(more) }
  }
}

/** A waiting command may have been granted in the same batch, after the submits. */
function repeated(place: bigint, state: number, token: bigint | undefined): SubmitOutcome {
  return { outcome: 'repeated', place, state: state === 1 && token !== undefined ? 'running' : stateOf(state), token }
}
