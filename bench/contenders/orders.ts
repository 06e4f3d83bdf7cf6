/** What a client that calls Postgres itself is told, as JSON in its first argument. */
export interface SqlOrder {
  readonly database: string
  readonly statement: 'insert' | 'pgmq'
}

/** What the client that copies is told. */
export interface CopyOrder {
  readonly database: string
  /** In one COPY. */
  readonly rows: number
  /** The number of its first row; nobody else uses those from it on. */
  readonly firstSeq: number
}

/** What the client that sends batches of pings is told. */
export interface BatchOrder {
  readonly port: number
  /** Pings in one PingBatch. */
  readonly rows: number
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
