/** How much load is asked for. */
export interface LoopOrder {
  readonly connections: number
  /** Load before the measurement, in ms. */
  readonly warmUpMs: number
  readonly measureMs: number
}

/** What the load generator is asked to do, by one IPC message. */
export interface LoadOrder extends LoopOrder {
  readonly port: number
  /** The bytes of the request, as latin1 text. */
  readonly request: string
}

/** What the load generator reports, by one IPC message. */
export interface LoadResult {
  /** Requests answered 200 from the first to the last, warm-up included. */
  readonly answered: number
  /** Requests answered otherwise, or not at all. */
  readonly failed: number
  /** The first failure, in words. */
  readonly firstFailure?: string
  /** Requests answered 200 within the measured time. */
  readonly measured: number
  readonly measuredMs: number
  /** A `LatencyHistogram` in µs of these and of the requests that were under way at the end of the time. */
  readonly latencies: readonly number[]
  /** The share of one core that the generator itself used, 0 … 1. */
  readonly generatorLoad: number
}
