/** The order to a client that calls Postgres itself, as JSON in its first argument. */
export interface SqlOrder {
  readonly database: string
  readonly statement: 'insert' | 'pgmq'
}

/** The order to the client that copies. */
export interface CopyOrder {
  readonly database: string
  /** In one COPY. */
  readonly rows: number
  /** The number of its first row; no other client uses this number or a higher one. */
  readonly firstSeq: number
}

/** The order to the client that sends batches of pings. */
export interface BatchOrder {
  readonly port: number
  /** Pings in one PingBatch. */
  readonly rows: number
}

/** The order to the plain way's process, as JSON in its first argument. */
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
