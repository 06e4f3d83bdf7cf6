/** What a client that calls Postgres itself is told, as JSON in its first argument. */
export interface SqlOrder {
  readonly database: string
  readonly statement: 'insert' | 'pgmq'
}

/** What the plain way's process is told, as JSON in its first argument. */
export interface PlainOrder {
  /** Address of its own database. */
  readonly database: string
  readonly poolSize: number
  readonly broker: string
  readonly topic: string
  readonly cachePort: number
  /** The hash whose field `total` it reads. */
  readonly cacheKey: string
  readonly countFrom: 'database' | 'cache'
}
