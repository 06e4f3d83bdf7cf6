import type { CpuSeconds } from '../../measuring/cpu.ts'

/** The task of the client, one IPC message. */
export type ClientTask = ProduceTask | ConsumeTask

export interface ProduceTask {
  readonly kind: 'produce'
  readonly place: Place
  readonly recordsPerSend: number
  readonly isIdempotent: boolean
  /** The number of the first record; each further one has the next. */
  readonly firstNumber: number
  /** Load before the measurement, in ms. */
  readonly warmUpMs: number
  /** At least this long, in ms, … */
  readonly measureMs: number
  /** … and at least this many records, including the warm-up. */
  readonly leastRecords: number
}

/** Reads a topic to its end and checks that it holds the records 0, 1, 2 …, in order. */
export interface ConsumeTask {
  readonly kind: 'consume'
  readonly place: Place
  /** How many records were acknowledged. */
  readonly expected: number
}

export interface Place {
  /** <host>:<port> */
  readonly broker: string
  readonly brokerPid: number
  readonly topic: string
}

/** The report of the client. */
export interface ClientResult {
  /** All records that were acknowledged, or read. */
  readonly records: number
  /** The records within the measured time. */
  readonly measured: number
  readonly measuredMs: number
  /** CPU seconds of the measured time; undefined without /proc. */
  readonly cpu: CpuSeconds | undefined
  /** A `LatencyHistogram` in µs of the measured sends; empty for reads. */
  readonly latencies: readonly number[]
  /** What was wrong with the records that were read. */
  readonly wrong?: string
}

export type ClientAnswer = { readonly result: ClientResult } | { readonly error: string }
