/** The order to the plain way's stream job, as JSON in its first argument. */
export interface JobOrder {
  readonly broker: string
  /** The topic that it reads, and the name of its consumer group. */
  readonly topic: string
  readonly cachePort: number
  /** The hash whose fields it increments. */
  readonly cacheKey: string
}
