/** How much is measured. */
export interface Scale {
  /** Of start-ups, of each load and of reading. */
  readonly startRounds: number
  readonly rounds: number
  /** How long a load is measured in a round, in ms. */
  readonly measureMs: number
  /** Load of every kind before the first round, in ms each: the JVM takes seconds to compile hot code. */
  readonly warmUpMs: number
  /** Records in the topic that is read. */
  readonly readRecords: number
}

export const FULL: Scale = { startRounds: 3, rounds: 7, measureMs: 1_200, warmUpMs: 3_000, readRecords: 500_000 }
export const QUICK: Scale = { startRounds: 1, rounds: 3, measureMs: 500, warmUpMs: 800, readRecords: 150_000 }

/** A way of sending. */
export interface ProduceLoad {
  readonly what: string
  /** The name of its topic. */
  readonly topic: string
  readonly recordsPerSend: number
  readonly isIdempotent: boolean
}

export const SEND_ONE: ProduceLoad = { what: 'produce, batches of 1', topic: 'ones', recordsPerSend: 1, isIdempotent: false }
export const SEND_1000: ProduceLoad = { what: 'produce, batches of 1000', topic: 'thousands', recordsPerSend: 1000, isIdempotent: false }
export const PRODUCE_LOADS: readonly ProduceLoad[] = [
  SEND_ONE,
  { what: 'produce, batches of 50', topic: 'fifties', recordsPerSend: 50, isIdempotent: false },
  SEND_1000,
  { what: 'produce, batches of 1000, idempotent', topic: 'idempotent', recordsPerSend: 1000, isIdempotent: true },
]

export const READ = 'consume'
/** The topic that is read. */
export const FILLED: ProduceLoad = { ...SEND_1000, what: 'filling', topic: 'filled' }
