/** Bounds on what a connection may hold before it has sent a whole request. */
export interface HttpLimits {
  /** From the connection to its first bytes, and to a new HTTP/2 session's first request, in ms. */
  readonly firstBytesMs: number
  /** For all headers of an HTTP/1.1 request, in ms. */
  readonly headersMs: number
  /** For a whole request, body included, in ms. */
  readonly requestMs: number
  /** An unused HTTP/1.1 connection is closed after this many ms; above the 60 s of usual load balancers. */
  readonly keepAliveMs: number
  /** An unused HTTP/2 session is closed after this many ms. */
  readonly sessionIdleMs: number
  /** A connection that is silent for so long is asked by TCP whether its other end lives: an open stream has no other bound. In ms. */
  readonly probeAfterMs: number
  /** All headers of a request together, in bytes. */
  readonly maxHeaderBytes: number
  /** Requests at once in one HTTP/2 session. */
  readonly maxStreams: number
  /** How often the bounds of HTTP requests are checked, in ms. */
  readonly checkMs: number
}

export const DEFAULT_LIMITS: HttpLimits = {
  firstBytesMs: 10_000,
  headersMs: 10_000,
  requestMs: 30_000,
  keepAliveMs: 65_000,
  sessionIdleMs: 300_000,
  probeAfterMs: 60_000,
  maxHeaderBytes: 16_384,
  maxStreams: 1_000,
  checkMs: 1_000,
}
