/** The metrics that the count reader needs. */
export interface CountReaderMetrics {
  countAnswered(source: 'cache' | 'database'): void
  /** A read of the cache could not be used: `unreachable`, `incomplete`, `stale` or `unproven`. */
  cacheNotUsed(reason: string): void
}
