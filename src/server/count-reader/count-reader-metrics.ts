/** The metrics that the count reader needs. */
export interface CountReaderMetrics {
  countAnswered(source: 'cache' | 'database'): void
  /** The cache could not be used: `unreachable`, `incomplete`, `stale`, `unproven` or another short word. */
  cacheNotUsed(reason: string): void
}
