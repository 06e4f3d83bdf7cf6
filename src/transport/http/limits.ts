/** Limits of a connection. */
export interface HttpLimits {
  /** Maximum time from the connection to its first bytes, and from a new HTTP/2 session to its first request, in ms. */
  readonly firstBytesMs: number
  /** Maximum time for all headers of an HTTP/1.1 request, in ms. */
  readonly headersMs: number
  /** Maximum time for a whole request, including its body, in ms. */
  readonly requestMs: number
  /** An idle HTTP/1.1 connection is closed after this many ms. It exceeds the usual 60 s of load balancers. */
  readonly keepAliveMs: number
  /** An idle HTTP/2 session is closed after this many ms. */
  readonly sessionIdleMs: number
  /** After this many ms without data, TCP keep-alive checks that the other end still exists. An open stream has no other limit. */
  readonly probeAfterMs: number
  /** Maximum size of all headers of a request together, in bytes. */
  readonly maxHeaderBytes: number
  /** Maximum number of concurrent requests in one HTTP/2 session. */
  readonly maxStreams: number
  /** Interval at which the time limits of requests are checked, in ms. */
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
