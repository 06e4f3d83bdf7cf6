/**
 * An error of a use case that the caller has to know. rpc/connect-error.ts maps each to a Connect code. Any other
 * error is logged, and the caller gets INTERNAL without details.
 */
export class UseCaseError extends Error {}

/** RESOURCE_EXHAUSTED: the queue of pings is full. */
export class QueueFullError extends UseCaseError {
  override readonly name = 'QueueFullError'
  readonly retryAfterMs: number
  constructor(message: string, retryAfterMs: number) {
    super(message)
    this.retryAfterMs = retryAfterMs
  }
}

/** ALREADY_EXISTS: the id is already recorded with another timestamp. */
export class TimestampConflictError extends UseCaseError {
  override readonly name = 'TimestampConflictError'
}

/** UNAVAILABLE: a store that the answer needs is unreachable; a retry may succeed. */
export class UnavailableError extends UseCaseError {
  override readonly name = 'UnavailableError'
}
