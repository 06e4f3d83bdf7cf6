/** What a system counted, after everything that it can still do is done. */
export interface Counts {
  /** Rows in Postgres. */
  readonly rows: number
  /** What its PingCount answers from the cache. */
  readonly cached: number
}

/** One of the two systems that play the same history. */
export interface Side {
  readonly name: string
  /** Where its server listens now. */
  port(): number
  /** Kills the server, and starts it again. */
  killServer(): Promise<void>
  /** Kills what moves pings from the topic into the cache, runs `during`, and starts it again. */
  counterOutage(during: () => Promise<void>): Promise<void>
  /** The total that is in its cache now. */
  inCache(): Promise<number>
  /** Empties its cache, as a cache that restarts without persistence. */
  loseCache(): Promise<void>
  /** The number of pings in [startMs, endMs), as PingCount answers. */
  range(startMs: number, endMs: number): Promise<number>
  /** Resolves to its counts when everything in the topic is counted. */
  settled(): Promise<Counts>
}
