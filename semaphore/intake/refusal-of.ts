import type { RefusedKind } from '../store/refusals.ts'
import type { Outcome, Step } from '../terms/step.ts'

/** Why a record's step changed nothing, as it is published. */
export interface RefusalReason {
  readonly kind: RefusedKind
  /** Of `refusedEvent`: the event as the record named it. */
  readonly event: string | undefined
  readonly reason: string | undefined
  readonly token: bigint | undefined
}

const EVENTS = { finish: 'finished', extend: 'extend', cancel: 'cancel' } as const

/** The refusal to publish for an outcome; undefined if the step was applied, or had been applied before. */
export function refusalOf(step: Step, outcome: Outcome): RefusalReason | undefined {
  if (step.kind === 'limits') return undefined
  if (step.kind === 'submit') {
    const common = { event: undefined, reason: undefined, token: undefined }
    if (outcome.outcome === 'full') return { ...common, kind: 'refusedFull' }
    return outcome.outcome === 'conflict' ? { ...common, kind: 'refusedConflict' } : undefined
  }
  const common = { kind: 'refusedEvent', event: EVENTS[step.kind] } as const
  switch (outcome.outcome) {
    case 'already':
      if (outcome.isRepeat) return undefined // to repeat an event does nothing, which is no refusal
      return { ...common, reason: `the command is already ${outcome.state}`, token: outcome.token }
    case 'notRunning':
      return { ...common, reason: 'the command still waits', token: undefined }
    case 'staleToken':
      return { ...common, reason: 'the command runs with another token', token: outcome.token }
    case 'unknown':
      return { ...common, reason: 'the resource has no command with this id', token: undefined }
    default:
      return undefined
  }
}
