import { ATTRIBUTES_AT, CODEC, COUNT_AT, IS_CONTROL, IS_TRANSACTIONAL, LENGTH_AT, MAGIC_AT, RECORDS_AT } from './batch-layout.ts'
import { decompress } from './codecs.ts'

/** Where the records of one partition are in the bytes of a fetch. */
export interface RecordIndex {
  readonly bytes: Buffer
  readonly length: number
  readonly batches: readonly BatchPlace[]
  /** For each record, where it begins (after its length) and where it ends. */
  readonly records: Int32Array
  /** For each record, where its value begins and ends; -1 twice if it has no value, or if it has headers. */
  readonly values: Int32Array
  offset(index: number): number
}

/** A batch of records. */
export interface BatchPlace {
  /** Where it begins in the bytes. */
  readonly at: number
  /** The number of its first record. */
  readonly first: number
  readonly firstOffset: number
}

/** The bytes that the length does not include: the first offset and the length itself. */
const BEFORE_LENGTH = 12
const MAGIC = 2
const NOT_PLAIN = CODEC | IS_TRANSACTIONAL | IS_CONTROL
/** A record has at least its length, attributes, two deltas, two lengths and the number of headers. */
const MIN_RECORD_SIZE = 7
const MAX_OFFSET = BigInt(Number.MAX_SAFE_INTEGER)
const MAX_VARINT_SIZE = 5
const MAX_VARLONG_SIZE = 10
/** A header has at least two lengths. */
const MIN_HEADER_SIZE = 2

/**
 * Finds the records in a record set. Undefined unless all batches are plain: version 2, not compressed, not part of a transaction, and
 * exactly filled by their records. A last batch that is cut off is ignored, as in Kafka.
 */
export function indexRecords(bytes: Buffer): RecordIndex | undefined {
  const batches: BatchPlace[] = []
  let length = 0
  for (let at = 0; at + RECORDS_AT <= bytes.length;) {
    const end = endOfBatch(bytes, at)
    if (end > bytes.length) break
    const count = bytes.readInt32BE(at + COUNT_AT)
    const firstOffset = bytes.readBigInt64BE(at)
    if (
      !isPlain(bytes, at) ||
      count < 0 ||
      count > (end - at - RECORDS_AT) / MIN_RECORD_SIZE ||
      firstOffset < 0n ||
      firstOffset > MAX_OFFSET
    )
      return undefined
    batches.push({ at, first: length, firstOffset: Number(firstOffset) })
    length += count
    at = end
  }
  const index = new FoundRecords(bytes, batches, length)
  return index.find() ? index : undefined
}

/** True for a batch of version 2 that is compressed, and not part of a transaction. */
export function isCompressed(batch: Buffer): boolean {
  return batch[MAGIC_AT] === MAGIC && (batch.readUInt16BE(ATTRIBUTES_AT) & NOT_PLAIN & ~CODEC) === 0 && !isPlain(batch)
}

/** The batches of a record set; undefined if the end of one cannot be determined. A last batch that is cut off is ignored. */
export function splitBatches(bytes: Buffer): readonly Buffer[] | undefined {
  const batches: Buffer[] = []
  for (let at = 0; at + RECORDS_AT <= bytes.length;) {
    const end = endOfBatch(bytes, at)
    if (end > bytes.length) break
    if (end <= at + MAGIC_AT) return undefined
    batches.push(bytes.subarray(at, end))
    at = end
  }
  return batches
}

/** True for a batch of version 2 that is neither compressed nor part of a transaction. */
export function isPlain(bytes: Buffer, at = 0): boolean {
  return bytes[at + MAGIC_AT] === MAGIC && (bytes.readUInt16BE(at + ATTRIBUTES_AT) & NOT_PLAIN) === 0
}

/** A compressed batch with its records decompressed; undefined if they cannot be decompressed. */
export async function decompressBatch(batch: Buffer): Promise<Buffer | undefined> {
  const attributes = batch.readUInt16BE(ATTRIBUTES_AT)
  const records = await decompress(attributes, batch.subarray(RECORDS_AT))
  if (records === undefined) return undefined
  const plain = Buffer.concat([batch.subarray(0, RECORDS_AT), records])
  plain.writeInt32BE(plain.length - BEFORE_LENGTH, LENGTH_AT)
  plain.writeUInt16BE(attributes & ~CODEC, ATTRIBUTES_AT)
  return plain
}

function endOfBatch(bytes: Buffer, at: number): number {
  return at + BEFORE_LENGTH + bytes.readInt32BE(at + LENGTH_AT)
}

class FoundRecords implements RecordIndex {
  readonly bytes: Buffer
  readonly length: number
  readonly batches: readonly BatchPlace[]
  readonly records: Int32Array
  readonly values: Int32Array
  readonly #offsets: Float64Array
  #at = 0
  #end = 0

  constructor(bytes: Buffer, batches: readonly BatchPlace[], length: number) {
    this.bytes = bytes
    this.batches = batches
    this.length = length
    this.records = new Int32Array(2 * length)
    this.values = new Int32Array(2 * length)
    this.#offsets = new Float64Array(length)
  }

  offset(index: number): number {
    return this.#offsets[index]!
  }

  /** False if anything is malformed. */
  find(): boolean {
    return this.batches.every((batch, number) => this.#findBatch(batch, this.batches[number + 1]?.first ?? this.length))
  }

  #findBatch({ at, first, firstOffset }: BatchPlace, last: number): boolean {
    const end = endOfBatch(this.bytes, at)
    this.#at = at + RECORDS_AT
    for (let index = first; index < last; index++) {
      this.#end = end
      const size = this.#varint()
      this.#end = this.#at + size
      if (size < 0 || this.#end > end || !this.#findRecord(index, firstOffset)) return false
    }
    return this.#at === end
  }

  #findRecord(index: number, firstOffset: number): boolean {
    const [start, end] = [this.#at, this.#end]
    this.#at++ // attributes, which are unused
    const hasTime = this.#skipVarlong() // the timestamp's delta
    const delta = this.#varint()
    const keySize = this.#varint()
    if (keySize > 0) this.#at += keySize
    const valueSize = this.#varint()
    const valueAt = this.#at
    if (valueSize > 0) this.#at += valueSize
    const headers = this.#varint()
    const isOdd = !hasTime || delta < 0 || keySize < -1 || valueSize < -1 || headers < 0 || this.#at > end
    if (isOdd || (headers === 0 && this.#at !== end) || headers > (end - this.#at) / MIN_HEADER_SIZE) return false
    this.#at = end
    this.#offsets[index] = firstOffset + delta
    this.records[2 * index] = start
    this.records[2 * index + 1] = end
    const isPlain = valueSize >= 0 && headers === 0
    this.values[2 * index] = isPlain ? valueAt : -1
    this.values[2 * index + 1] = isPlain ? valueAt + valueSize : -1
    return true
  }

  /** A zigzag varint; -2 if it does not end within five bytes and within the record. */
  #varint(): number {
    let value = 0
    for (let shift = 0; shift < 7 * MAX_VARINT_SIZE && this.#at < this.#end; shift += 7) {
      const byte = this.bytes[this.#at++]!
      value |= (byte & 0x7f) << shift
      if (byte < 0x80) return (value >>> 1) ^ -(value & 1)
    }
    return -2
  }

  /** Skips a varlong. False if it does not end within ten bytes and within the record. */
  #skipVarlong(): boolean {
    const last = Math.min(this.#at + MAX_VARLONG_SIZE, this.#end)
    while (this.#at < last) if (this.bytes[this.#at++]! < 0x80) return true
    return false
  }
}
