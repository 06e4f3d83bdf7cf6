import { ERROR, ProtocolError } from '../errors.ts'
import * as header from '../records/batch.ts'

/** How many batches of a producer may be in flight: a repetition of any of them is recognized. */
const KEPT_BATCHES = 5
const MAX_SEQUENCE = 2 ** 31 - 1
/** Beyond this, the producer that has been silent longest is forgotten: clients choose the ids, and each takes about 1 KB in every partition. */
export const MAX_PRODUCERS = 10_000

export interface KeptBatch {
  readonly firstSequence: number
  readonly lastSequence: number
  readonly baseOffset: bigint
  /** The greatest timestamp of its records. */
  readonly timestamp: bigint
}

/** What is known of an idempotent producer in one partition. */
export interface ProducerState {
  readonly producerId: bigint
  readonly epoch: number
  /** Oldest first, all of this epoch. */
  readonly batches: readonly KeptBatch[]
  /** By the clock, ms since the Unix epoch. */
  readonly lastAppendMs: number
}

/**
 * The last batches of each idempotent producer of a partition. `check` judges a batch before it is written,
 * `record` adds it afterwards.
 */
export class ProducerStates {
  /** In the order of their last batches. */
  readonly #producers = new Map<bigint, ProducerState>()

  constructor(states: readonly ProducerState[] = []) {
    for (const state of states.slice(-MAX_PRODUCERS)) this.#producers.set(state.producerId, state)
  }

  all(): ProducerState[] {
    return [...this.#producers.values()]
  }

  get size(): number {
    return this.#producers.size
  }

  /** The earlier batch if this one is a duplicate, undefined if it is new. Throws `ProtocolError` if it must be refused. */
  check(batch: Buffer, expiredBeforeMs: number): KeptBatch | undefined {
    const producerId = header.producerId(batch, 0)
    if (producerId < 0n) return undefined
    const state = this.#producers.get(producerId)
    if (state === undefined) return undefined
    if (state.lastAppendMs <= expiredBeforeMs) return void this.#producers.delete(producerId)
    const [epoch, first] = [header.producerEpoch(batch, 0), header.baseSequence(batch, 0)]
    if (epoch < state.epoch) {
      throw new ProtocolError(ERROR.INVALID_PRODUCER_EPOCH, `producer ${producerId}: got epoch ${epoch}, expected ${state.epoch} or later`)
    }
    if (epoch > state.epoch) {
      this.#checkNext(producerId, first, 0)
      return undefined
    }
    const last = lastSequence(batch, 0)
    const same = state.batches.find(kept => kept.firstSequence === first && kept.lastSequence === last)
    if (same) return same
    this.#checkNext(producerId, first, nextSequence(state.batches.at(-1)!.lastSequence))
    return undefined
  }

  #checkNext(producerId: bigint, got: number, expected: number): void {
    if (got === expected) return
    throw new ProtocolError(ERROR.OUT_OF_ORDER_SEQUENCE_NUMBER, `producer ${producerId}: got sequence ${got}, expected ${expected}`)
  }

  /** Adds a batch of the log; its header is at `at` in `bytes`. */
  record(bytes: Buffer, at: number, nowMs: number): void {
    const producerId = header.producerId(bytes, at)
    if (producerId < 0n) return
    const epoch = header.producerEpoch(bytes, at)
    const before = this.#producers.get(producerId)
    const batch: KeptBatch = {
      firstSequence: header.baseSequence(bytes, at),
      lastSequence: lastSequence(bytes, at),
      baseOffset: header.baseOffset(bytes, at),
      timestamp: header.maxTimestamp(bytes, at),
    }
    const kept = before?.epoch === epoch ? before.batches.slice(1 - KEPT_BATCHES) : []
    this.#producers.delete(producerId)
    this.#producers.set(producerId, { producerId, epoch, batches: [...kept, batch], lastAppendMs: nowMs })
    if (this.#producers.size > MAX_PRODUCERS) this.#producers.delete(this.#producers.keys().next().value!)
  }

  forget(expiredBeforeMs: number): void {
    for (const { producerId, lastAppendMs } of this.#producers.values()) {
      if (lastAppendMs <= expiredBeforeMs) this.#producers.delete(producerId)
    }
  }
}

function lastSequence(bytes: Buffer, at: number): number {
  return wrapped(header.baseSequence(bytes, at) + header.lastOffsetDelta(bytes, at))
}

function nextSequence(sequence: number): number {
  return wrapped(sequence + 1)
}

/** The greatest sequence is followed by 0. */
function wrapped(sequence: number): number {
  return sequence > MAX_SEQUENCE ? sequence - MAX_SEQUENCE - 1 : sequence
}
