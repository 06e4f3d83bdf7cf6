/** How much load to make. */
export interface LoopOrder {
  readonly connections: number
  /** Load before the measurement, in ms. */
  readonly warmUpMs: number
  readonly measureMs: number
}

/** The order to the load generator, one IPC message. */
export interface LoadOrder extends LoopOrder {
  readonly port: number
  /** The bytes of the request, as latin1 text. */
  readonly request: string
}

/** The report of the load generator, one IPC message. */
export interface LoadResult {
  /** Requests answered 200 from the first to the last, warm-up included. */
  readonly answered: number
  /** Requests answered otherwise, or not at all. */
  readonly failed: number
  /** The text of the first failure. */
  readonly firstFailure?: string
  /** Requests answered 200 within the measured time. */
  readonly measured: number
  readonly measuredMs: number
  /** A `LatencyHistogram` in µs of these and of the requests that were not answered yet at the end of the time. */
  readonly latencies: readonly number[]
  /** The share of one core that the generator itself used, 0 … 1. */
  readonly generatorLoad: number
}
