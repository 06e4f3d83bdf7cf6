import type { Span } from '../../tracing/tracing.ts'

/** A ping as a caller requested it, checked. */
export interface RequestedPing {
  /** UUID as a lower-case string with hyphens: the caller's, or a UUIDv7 that the handler generated. */
  readonly id: string
  /** The caller's time in ms since the Unix epoch. Undefined: the server's clock is used. */
  readonly timestampMs: bigint | undefined
  /** True if the caller gave the id. Only such an id can already be recorded. */
  readonly idGiven: boolean
  /** The span of the call that the ping came with. Undefined: it is not traced. */
  readonly span?: Span | undefined
}

/** Records pings. Rejects with, or resolves to, the errors of errors.ts. */
export interface PingRecorder {
  /** Resolves when the ping is committed. */
  record(ping: RequestedPing): Promise<void>
  /**
   * Records many pings. Resolves to one outcome per ping, in their order: undefined if the ping is committed, otherwise the error that
   * `record` would throw. An error of one ping does not affect the others. An id may occur several times: it is one ping, and each
   * occurrence gets an outcome. Never rejects.
   */
  recordAll(pings: readonly RequestedPing[]): Promise<readonly (Error | undefined)[]>
}
