/** A ping as a caller asked for it, checked. */
export interface RequestedPing {
  /** UUID as lower-case text with hyphens; the caller's, or a UUIDv7 that the handler made. */
  readonly id: string
  /** The caller's time in ms since the Unix epoch, or undefined: the server's clock. */
  readonly timestampMs: bigint | undefined
  /** True if the caller gave the id, so that it may have been recorded before. */
  readonly idGiven: boolean
}

/** Records pings. Throws, or answers with, the errors of errors.ts. */
export interface PingRecorder {
  /** Resolves when the ping is committed. */
  record(ping: RequestedPing): Promise<void>
  /**
   * Records many. One outcome a ping, in their order: undefined if it is committed, else the error that `record` would throw for it;
   * the others are recorded all the same. An id may occur several times: it is one ping, and each occurrence gets an outcome. Never rejects.
   */
  recordAll(pings: readonly RequestedPing[]): Promise<readonly (Error | undefined)[]>
}
