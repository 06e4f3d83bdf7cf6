import { create } from '@bufbuild/protobuf'
import { CommandState, RefusalReason, RefusalSchema, type Refusal } from '../../src/gen/semaphore/v1/semaphore_pb.ts'
import { shownText } from '../../src/runtime/shown-text.ts'
import { UseCaseError, type ErrorFacts, type ErrorKind } from '../../src/transport/errors.ts'
import type { Already, Conflict, Full, StaleToken } from '../terms/step.ts'
import { protoState } from './proto-state.ts'

/** A full queue has a free place when a command leaves it, which no one can foresee. Callers should not try again more often, in ms. */
const RETRY_FULL_MS = 1_000

/** What RPCs and REST answer besides the message. */
interface Why {
  readonly kind: ErrorKind
  readonly message: string
  readonly refusal: Partial<Pick<Refusal, 'reason' | 'state' | 'token' | 'limit' | 'waiting' | 'resourceId'>>
  /** The same, as fields of JSON. */
  readonly facts: ErrorFacts
  readonly retryAfterMs?: number
}

/** The semaphore did not change what the caller wanted to be changed. */
export class RefusedError extends UseCaseError {
  override readonly name = 'RefusedError'
  readonly kind: ErrorKind
  override readonly facts: ErrorFacts
  override readonly details: UseCaseError['details']
  override readonly retryAfterMs: number | undefined

  constructor({ kind, message, refusal, facts, retryAfterMs }: Why) {
    super(message)
    this.kind = kind
    this.facts = facts
    this.details = [create(RefusalSchema, refusal)].map(value => ({ desc: RefusalSchema, value }))
    this.retryAfterMs = retryAfterMs
  }
}

export function queueFull(resource: string, { limit, waiting }: Full): RefusedError {
  return new RefusedError({
    kind: 'exhausted',
    message: `resource ${shownText(resource)}: got ${waiting} waiting commands, expected fewer than ${limit}; nothing was stored, try again with the same id`,
    refusal: { reason: RefusalReason.QUEUE_FULL, limit: BigInt(limit), waiting: BigInt(waiting) },
    facts: { reason: 'queue_full', limit, waiting, retryAfterMs: RETRY_FULL_MS },
    retryAfterMs: RETRY_FULL_MS,
  })
}

export function idInUse(commandId: string, { differs, resource }: Conflict): RefusedError {
  const other = differs === 'resource' ? `a command for resource ${shownText(resource)}` : 'a command with another payload'
  return new RefusedError({
    kind: 'conflict',
    message: `command id: got ${shownText(commandId)}, which is ${other}, expected an id of its own for each command`,
    refusal: { reason: RefusalReason.ID_IN_USE, resourceId: resource },
    facts: { reason: 'id_in_use', resourceId: resource },
  })
}

export function notRunning(commandId: string): RefusedError {
  return new RefusedError({
    kind: 'failedPrecondition',
    message: `command ${shownText(commandId)}: got state waiting, expected running; nothing was changed`,
    refusal: { reason: RefusalReason.NOT_RUNNING, state: CommandState.WAITING },
    facts: { reason: 'not_running', state: 'waiting' },
  })
}

export function alreadyOver(commandId: string, { state, token }: Already): RefusedError {
  const given = token === undefined ? {} : { token }
  return new RefusedError({
    kind: 'failedPrecondition',
    message: `command ${shownText(commandId)}: got state ${state}, expected running; nothing was changed`,
    refusal: { reason: RefusalReason.ALREADY_OVER, state: protoState(state), ...given },
    facts: { reason: 'already_over', state, ...given },
  })
}

export function staleToken(got: bigint | undefined, { token }: StaleToken): RefusedError {
  return new RefusedError({
    kind: 'failedPrecondition',
    message: `token: got ${got ?? 'none'}, expected ${token}, the token of the command's grant; nothing was changed`,
    refusal: { reason: RefusalReason.STALE_TOKEN, token },
    facts: { reason: 'stale_token', token },
  })
}

export function unknownCommand(commandId: string, resource: string | undefined): RefusedError {
  const where = resource === undefined ? '' : ` of resource ${shownText(resource)}`
  return new RefusedError({
    kind: 'notFound',
    message: `command id: got ${shownText(commandId)}, expected the id of a command${where}`,
    refusal: { reason: RefusalReason.UNKNOWN_COMMAND },
    facts: { reason: 'unknown_command' },
  })
}
