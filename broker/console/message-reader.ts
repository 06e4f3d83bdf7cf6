import { ERROR, ProtocolError } from '../errors.ts'
import type { PartitionLog } from '../log/partition-log.ts'
import { batchesIn, isControl, lastOffset } from '../records/batch.ts'
import { eachRecord, type RecordView } from '../records/records.ts'

export type ReadableLog = Pick<PartitionLog, 'startOffset' | 'highWatermark' | 'read'>

/** A record as the console sees it. */
export interface Message {
  readonly offset: bigint
  /** The offset at which to continue. */
  readonly nextOffset: bigint
  readonly value: Buffer | null
  /** Why the rest of the batch cannot be read; then `value` is null. */
  readonly problem?: string
}

interface OpenBatch {
  readonly log: ReadableLog
  /** The offset of the next record is this or higher. */
  readonly at: bigint
  readonly end: bigint
  readonly records: Iterator<RecordView, void>
}

/** Each may hold up to 64 MiB of decompressed records. */
const MAX_OPEN_BATCHES = 4

/**
 * Reads logs record by record. The most recently read batches stay open, so that reading the next record does not decompress
 * and scan the batch again.
 */
export class MessageReader {
  readonly #open: OpenBatch[] = []

  /** The first message at or after `offset`, or undefined. Throws `ProtocolError`. */
  next(log: ReadableLog, offset: bigint): Message | undefined {
    let at = offset
    for (;;) {
      const batch = this.#take(log, at) ?? openBatch(log, at)
      if (batch === undefined) return undefined
      const message = firstFrom(batch, at)
      if (message !== undefined) {
        this.#keep({ ...batch, at: message.nextOffset })
        return message
      }
      at = batch.end
    }
  }

  #take(log: ReadableLog, at: bigint): OpenBatch | undefined {
    const index = this.#open.findIndex(batch => batch.log === log && batch.at === at)
    return index < 0 ? undefined : this.#open.splice(index, 1)[0]
  }

  #keep(batch: OpenBatch): void {
    if (batch.at >= batch.end) return
    if (this.#open.length === MAX_OPEN_BATCHES) this.#open.shift()
    this.#open.push(batch)
  }
}

function openBatch(log: ReadableLog, at: bigint): OpenBatch | undefined {
  if (at >= log.highWatermark) return undefined
  const [piece] = log.read(at, 1, { atLeastOneBatch: true })
  if (piece === undefined) return undefined
  const [batch] = batchesIn(piece)
  if (batch === undefined || lastOffset(batch, 0) < at) return undefined
  const records = isControl(batch, 0) ? [].values() : eachRecord(batch)
  return { log, at, end: lastOffset(batch, 0) + 1n, records }
}

function firstFrom({ records, end }: OpenBatch, at: bigint): Message | undefined {
  try {
    for (let { value } = records.next(); value; { value } = records.next()) {
      if (value.offset >= at) return { offset: value.offset, nextOffset: value.offset + 1n, value: value.value }
    }
    return undefined
  } catch (error) {
    if (!(error instanceof ProtocolError) || error.code !== ERROR.CORRUPT_MESSAGE) throw error
    return { offset: at, nextOffset: end, value: null, problem: error.message }
  }
}
