/** A ping as a caller asked for it, checked. */
export interface RequestedPing {
  /** UUID as lower-case text with hyphens; the caller's, or a UUIDv7 that the handler made. */
  readonly id: string
  /** The caller's time in ms since the Unix epoch, or undefined: the server's clock. */
  readonly timestampMs: bigint | undefined
  /** True if the caller gave the id, so that it may have been recorded before. */
  readonly idGiven: boolean
}

/** Records pings; `record` resolves when the ping is committed. Throws the errors of errors.ts. */
export interface PingRecorder {
  record(ping: RequestedPing): Promise<void>
}
