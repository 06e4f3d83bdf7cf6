import type { CommandState, FinalState } from '../terms/step.ts'

/** The numbers of the states in Postgres. */
const STATES = ['waiting', 'running', 'cancelling', 'finished', 'cancelled', 'expired'] as const

export function stateOf(number: number): CommandState {
  return STATES[number - 1]!
}

/** Only for numbers of final states. */
export function finalStateOf(number: number): FinalState {
  return stateOf(number) as FinalState
}
