import type { Span } from '../../tracing/tracing.ts'

/**
 * What a handler can do besides returning its answer. Both ways of serving a call supply it, so handlers do not depend on Connect's
 * context.
 */
export interface Call {
  /** Sets a header of the answer, on success and on failure. */
  responseHeader(name: string, value: string): void
  /** Undefined: the call is not traced. */
  readonly span?: Span | undefined
}

/** One RPC over plain messages. Throws the errors of ../errors.ts. */
export type Handler<Request, Response> = (request: Request, call: Call) => Promise<Response>
