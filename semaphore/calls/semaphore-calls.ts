import { randomUUID } from 'node:crypto'
import { uuidV7 } from '../../src/runtime/uuid-v7.ts'
import type { Cancel, CommandState, Extend, Finish, FinalState, Limits, SetLimits, Steps } from '../terms/step.ts'
import { alreadyOver, idInUse, notRunning, queueFull, staleToken, unknownCommand } from './refused-error.ts'

/** A command as a caller submits it. Its ids, if any, are valid. */
export interface SubmitCall {
  /** Undefined: a new resource with a random id. */
  readonly resource: string | undefined
  /** Undefined: a new id, so a retry is another command. */
  readonly commandId: string | undefined
  readonly payload: Uint8Array
  readonly priority: number
}

export interface Submitted {
  readonly resource: string
  readonly commandId: string
  readonly repeated: boolean
  readonly state: CommandState
  readonly place: bigint
  readonly token: bigint | undefined
}

export interface Ended {
  readonly state: FinalState | 'cancelling'
  /** True if the command was in this state before, and nothing was changed. */
  readonly repeated: boolean
  readonly token: bigint | undefined
}

/**
 * What callers can change, the same for RPC and REST. Each resolves after the commit, and throws the errors of refused-error.ts and
 * those of `Steps.run`.
 */
export class SemaphoreCalls {
  readonly #steps: Steps

  constructor(steps: Steps) {
    this.#steps = steps
  }

  async submit({ resource = randomUUID(), commandId: given, payload, priority }: SubmitCall): Promise<Submitted> {
    const commandId = given ?? uuidV7()
    const bytes = Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength)
    const outcome = await this.#steps.run({ kind: 'submit', resource, commandId, payload: bytes, priority })
    switch (outcome.outcome) {
      case 'accepted': {
        const { place, token } = outcome
        return { resource, commandId, repeated: false, state: token === undefined ? 'waiting' : 'running', place, token }
      }
      case 'repeated': {
        const { state, place, token } = outcome
        // A new id can be known only if Postgres committed the step, but its answer was lost and the step was sent again.
        return { resource, commandId, repeated: given !== undefined, state, place, token }
      }
      case 'conflict':
        throw idInUse(commandId, outcome)
      case 'full':
        throw queueFull(resource, outcome)
    }
  }

  async finish(call: Omit<Finish, 'kind'>): Promise<Ended> {
    const outcome = await this.#steps.run({ kind: 'finish', ...call })
    switch (outcome.outcome) {
      case 'finished':
        return { state: outcome.state, repeated: false, token: outcome.token }
      case 'already':
        if (!outcome.isRepeat) throw alreadyOver(call.commandId, outcome)
        return { state: outcome.state, repeated: true, token: outcome.token }
      case 'notRunning':
        throw notRunning(call.commandId)
      case 'staleToken':
        throw staleToken(call.token, outcome)
      case 'unknown':
        throw unknownCommand(call.commandId, call.resource)
    }
  }

  /** The end of the lease in ms since the epoch. Undefined: the resource has no lease. */
  async extend(call: Omit<Extend, 'kind'>): Promise<number | undefined> {
    const outcome = await this.#steps.run({ kind: 'extend', ...call })
    switch (outcome.outcome) {
      case 'extended':
        return outcome.leaseUntilMs
      case 'noLease':
        return undefined
      case 'already':
        throw alreadyOver(call.commandId, outcome)
      case 'notRunning':
        throw notRunning(call.commandId)
      case 'staleToken':
        throw staleToken(call.token, outcome)
      case 'unknown':
        throw unknownCommand(call.commandId, call.resource)
    }
  }

  async cancel(call: Omit<Cancel, 'kind'>): Promise<Ended> {
    const outcome = await this.#steps.run({ kind: 'cancel', ...call })
    switch (outcome.outcome) {
      case 'cancelled':
        return { state: outcome.state, repeated: false, token: outcome.token }
      case 'already':
        if (!outcome.isRepeat) throw alreadyOver(call.commandId, outcome)
        return { state: outcome.state, repeated: true, token: outcome.token }
      case 'staleToken':
        throw staleToken(call.token, outcome)
      case 'unknown':
        throw unknownCommand(call.commandId, call.resource)
    }
  }

  async setLimits(call: Omit<SetLimits, 'kind'>): Promise<Limits> {
    return (await this.#steps.run({ kind: 'limits', ...call })).limits
  }
}
