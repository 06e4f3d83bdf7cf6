/**
 * What may go wrong in a use case and is the caller's business. The rpc layer maps each to a Connect
 * code, in one table; anything else is logged and answered as INTERNAL without details.
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

/** ALREADY_EXISTS: the id was recorded with another timestamp. */
export class TimestampConflictError extends UseCaseError {
  override readonly name = 'TimestampConflictError'
}

/** UNAVAILABLE: what the answer needs is away; a retry may succeed. */
export class UnavailableError extends UseCaseError {
  override readonly name = 'UnavailableError'
}
