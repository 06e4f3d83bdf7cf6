/** A count and where it came from. */
export interface Count {
  readonly count: bigint
  readonly source: 'cache' | 'database'
  /** Every ping acknowledged more than this many ms before the answer is in the count. */
  readonly ageMs: number
}

/** Half-open interval of ms since the Unix epoch; any int64, start ≤ end. */
export interface Range {
  readonly startMs: bigint
  readonly endMs: bigint
}
