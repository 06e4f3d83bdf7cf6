import type { ConnectError } from '@connectrpc/connect'

/** What kind of failure a caller gets. Each has one Connect code (rpc/connect-error.ts) and one HTTP status (http/rest/rest-error.ts). */
export type ErrorKind = 'invalid' | 'notFound' | 'conflict' | 'failedPrecondition' | 'exhausted' | 'unavailable'

/** Facts for programs, besides the message. REST answers them as fields of the error. */
export type ErrorFacts = Readonly<Record<string, string | number | bigint>>
/** Facts for programs, as RPCs answer them. */
export type ErrorDetails = NonNullable<ConstructorParameters<typeof ConnectError>[3]>

const NO_FACTS: ErrorFacts = {}
const NO_DETAILS: ErrorDetails = []

/**
 * An error of a use case that the caller has to know. A service may extend it. Any other error is logged, and the caller gets an
 * internal error without details.
 */
export abstract class UseCaseError extends Error {
  abstract readonly kind: ErrorKind
  readonly facts: ErrorFacts = NO_FACTS
  readonly details: ErrorDetails = NO_DETAILS
  /** The pause before the next try, in ms. Undefined: none is known. */
  readonly retryAfterMs: number | undefined
}

/** Too many requests wait: a later try may succeed. */
export class QueueFullError extends UseCaseError {
  override readonly name = 'QueueFullError'
  readonly kind = 'exhausted'
  override readonly retryAfterMs: number
  constructor(message: string, retryAfterMs: number) {
    super(message)
    this.retryAfterMs = retryAfterMs
  }
}

/** A store that the answer needs is unreachable; a retry may succeed. */
export class UnavailableError extends UseCaseError {
  override readonly name = 'UnavailableError'
  readonly kind = 'unavailable'
}
