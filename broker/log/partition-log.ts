import { ERROR, ProtocolError } from '../errors.ts'
import * as header from '../records/batch.ts'
import type { Folder } from './folder.ts'
import { TornFileError } from './folder.ts'
import type { LogSettings } from './log-settings.ts'
import type { ProducerStates } from './producer-states.ts'
import { recover, type Recovered } from './recover.ts'
import { expiredCount } from './retention.ts'
import { mustRoll } from './rolling.ts'
import { fileName, Segment, SNAPSHOT_SUFFIX } from './segment.ts'
import { encodeSnapshot } from './snapshot-file.ts'
import { writeStartOffset } from './start-offset.ts'
import { storageError, storing } from './storage-error.ts'
import { recordAtOrAfter, recordWithGreatest, type FoundRecord, type VisibleLog } from './timestamps.ts'

export type { LogSettings } from './log-settings.ts'
export type { FoundRecord } from './timestamps.ts'

/** There is one leader, which never changes. */
const LEADER_EPOCH = 0
const NO_LOG_APPEND_TIME = -1n
/** The newest snapshot of the producers, and one to go back to. */
const KEPT_SNAPSHOTS = 2

export interface PartitionLogOptions {
  /** The partition's own. */
  readonly folder: Folder
  readonly settings: () => LogSettings
  /** ms since the Unix epoch. */
  readonly now: () => number
}

export interface Appended {
  readonly baseOffset: bigint
  /** ms since the Unix epoch; -1 where records keep their own times. */
  readonly logAppendTime: bigint
  /** The batch was there before, at `baseOffset`, and was not appended again. */
  readonly isDuplicate: boolean
}

/**
 * The records of one partition: batches in segment files, the last of which grows. A call that fails
 * leaves everything as it was and throws `ProtocolError`: KAFKA_STORAGE_ERROR if files are the reason.
 */
export class PartitionLog {
  readonly #folder: Folder
  readonly #settings: () => LogSettings
  readonly #now: () => number
  readonly #segments: Segment[]
  readonly #producers: ProducerStates
  readonly #snapshots: bigint[]
  /** What was not in order when the log was opened, in words for the log; empty after a clean stop. */
  readonly findings: readonly string[]
  #startOffset: bigint
  #endOffset: bigint
  #highWatermark: bigint
  /** How much of the active segment lies below the high watermark. All other segments do. */
  #visibleBytes: number
  /** Why nothing can be appended until the log is opened again. */
  #refusal: string | undefined

  private constructor({ folder, settings, now }: PartitionLogOptions, recovered: Recovered) {
    this.#folder = folder
    this.#settings = settings
    this.#now = now
    this.#segments = recovered.segments
    this.#producers = recovered.producers
    this.#snapshots = recovered.snapshots
    this.findings = recovered.findings
    this.#startOffset = recovered.startOffset
    this.#endOffset = this.#highWatermark = this.#active.nextOffset
    this.#visibleBytes = this.#active.bytes
  }

  /** Reads what the folder holds; creates nothing. */
  static open(options: PartitionLogOptions): PartitionLog {
    const circumstances = { nowMs: options.now(), indexIntervalBytes: options.settings().indexIntervalBytes }
    return new PartitionLog(options, storing('opening a log', () => recover(options.folder, circumstances)))
  }

  get startOffset(): bigint {
    return this.#startOffset
  }

  /** Of the next record to be written. */
  get endOffset(): bigint {
    return this.#endOffset
  }

  /** Consumers may read what lies before. */
  get highWatermark(): bigint {
    return this.#highWatermark
  }

  /** As the high watermark, there being no transactions yet. */
  get lastStableOffset(): bigint {
    return this.#highWatermark
  }

  /** Of all batches, in bytes. */
  get bytes(): number {
    return this.#segments.reduce((sum, segment) => sum + segment.bytes, 0)
  }

  get #active(): Segment {
    return this.#segments.at(-1)!
  }

  /**
   * Appends a batch that has passed `checkBatch`. Its base offset, leader epoch and, if asked for, time are
   * written into the given bytes. With `flushEachAppend` it is to be acknowledged only after `flush()`, a duplicate too.
   */
  append(batch: Buffer): Appended {
    this.#refuseIfBroken()
    const settings = this.#settings()
    const nowMs = this.#now()
    checkSize(batch, settings)
    const isStamped = settings.timestampType === 'LogAppendTime'
    const earlier = this.#producers.check(batch, nowMs - settings.producerIdExpirationMs)
    if (earlier) return { baseOffset: earlier.baseOffset, logAppendTime: isStamped ? earlier.timestamp : NO_LOG_APPEND_TIME, isDuplicate: true }
    const logAppendTime = isStamped ? BigInt(Math.trunc(nowMs)) : NO_LOG_APPEND_TIME
    this.#writing('appending a batch', () => {
      const timestamp = isStamped ? logAppendTime : header.maxTimestamp(batch, 0)
      if (mustRoll(this.#active.facts, batch, timestamp, settings, nowMs)) this.#roll()
      header.setBaseOffset(batch, this.#endOffset, LEADER_EPOCH)
      if (isStamped) header.setLogAppendTime(batch, logAppendTime)
      this.#active.append(batch, { nowMs, indexIntervalBytes: settings.indexIntervalBytes })
    })
    const baseOffset = this.#endOffset
    this.#producers.record(batch, 0, nowMs)
    this.#endOffset = this.#active.nextOffset
    if (!settings.flushEachAppend) this.#showAll()
    return { baseOffset, logAppendTime, isDuplicate: false }
  }

  /** Makes durable what lies above the high watermark, and moves that to the end. Does nothing if it is there. */
  flush(): void {
    if (this.#highWatermark === this.#endOffset) return
    this.#refuseIfBroken()
    this.#syncActive()
    this.#showAll()
  }

  #showAll(): void {
    this.#highWatermark = this.#endOffset
    this.#visibleBytes = this.#active.bytes
  }

  /**
   * Whole batches below the high watermark, from the one on that holds `offset`, together at most `maxBytes`, or one if
   * that is asked for. A piece holds one batch or several (`batchesIn`). Throws OFFSET_OUT_OF_RANGE.
   */
  read(offset: bigint, maxBytes: number, { atLeastOneBatch }: { readonly atLeastOneBatch: boolean }): Buffer[] {
    if (offset < this.#startOffset || offset > this.#endOffset) {
      throw new ProtocolError(ERROR.OFFSET_OUT_OF_RANGE, `offset: got ${offset}, expected ${this.#startOffset} to ${this.#endOffset}`)
    }
    return storing('reading a log', () => this.#readPieces(offset, maxBytes, atLeastOneBatch))
  }

  #readPieces(offset: bigint, maxBytes: number, atLeastOneBatch: boolean): Buffer[] {
    const { indexIntervalBytes } = this.#settings()
    const pieces: Buffer[] = []
    let left = maxBytes
    for (let place = this.#placeOf(offset); place < this.#segments.length && offset < this.#highWatermark; place++) {
      const segment = this.#segments[place]!
      const endPosition = this.#visibleBytesOf(segment)
      const piece = segment.read({ offset, maxBytes: left, endPosition, atLeastOneBatch: atLeastOneBatch && pieces.length === 0, indexIntervalBytes })
      if (piece === undefined) continue
      pieces.push(piece)
      left -= piece.length
    }
    return pieces
  }

  #visibleBytesOf(segment: Segment): number {
    return segment === this.#active ? this.#visibleBytes : segment.bytes
  }

  /** The last segment that begins at `offset` or before; the first if there is none. */
  #placeOf(offset: bigint): number {
    const place = this.#segments.findLastIndex(segment => segment.baseOffset <= offset)
    return Math.max(0, place)
  }

  /** The first record of this time or later. */
  findTimestamp(timestamp: bigint): FoundRecord | undefined {
    return storing('reading a log', () => recordAtOrAfter(this.#visible(), timestamp))
  }

  /** The record with the greatest time; the first of them. */
  maxTimestamp(): FoundRecord | undefined {
    return storing('reading a log', () => recordWithGreatest(this.#visible()))
  }

  #visible(): VisibleLog {
    const parts = this.#segments.map(segment => ({ segment, endPosition: this.#visibleBytesOf(segment) }))
    return { parts, startOffset: this.#startOffset }
  }

  /** Deletes the records before `offset`. Throws OFFSET_OUT_OF_RANGE beyond the high watermark. */
  deleteBefore(offset: bigint): void {
    if (offset > this.#highWatermark) {
      throw new ProtocolError(ERROR.OFFSET_OUT_OF_RANGE, `offset: got ${offset}, expected at most ${this.#highWatermark}`)
    }
    if (offset <= this.#startOffset) return
    storing('moving the start of a log', () => {
      writeStartOffset(this.#folder, offset)
      this.#startOffset = offset
      while (this.#segments.length > 1 && this.#segments[0]!.nextOffset <= offset) this.#removeOldest()
    })
  }

  /** Deletes the segments that are too old or too many, and forgets producers. The active segment too is closed and deleted when it is due. */
  applyRetention(): void {
    const [settings, nowMs] = [this.#settings(), this.#now()]
    this.#producers.forget(nowMs - settings.producerIdExpirationMs)
    const facts = this.#segments.map(segment => segment.facts)
    const count = this.#highWatermark === this.#endOffset ? expiredCount(facts, settings, nowMs) : expiredCount(facts.slice(0, -1), settings, nowMs)
    this.#writing('applying retention', () => {
      if (count === this.#segments.length) this.#roll()
      for (let removed = 0; removed < count; removed++) this.#removeOldest()
    })
  }

  #removeOldest(): void {
    const oldest = this.#segments[0]!
    oldest.remove()
    this.#segments.shift()
    const base = this.#segments[0]!.baseOffset
    if (base > this.#startOffset) this.#startOffset = base
  }

  /** Everything on disk, and files with what opening the log needs to know. Nothing can be appended any more. */
  close(): void {
    if (this.#refusal !== undefined) return this.#active.rest()
    try {
      this.#writing('closing a log', () => {
        this.#syncActive()
        this.#active.writeIndex()
        this.#writeSnapshot()
      })
    } finally {
      this.#refusal = 'the log is closed'
      this.#active.rest()
    }
  }

  /** Each step leaves a folder that opens as the same log. */
  #roll(): void {
    const full = this.#active
    this.#syncActive()
    full.writeIndex()
    this.#writeSnapshot()
    const next = Segment.fresh(this.#folder, this.#endOffset)
    try {
      next.create()
    } catch (error) {
      next.remove()
      throw error
    }
    this.#segments.push(next)
    full.rest()
    this.#showAll()
  }

  /** After a failed sync nobody knows what is on the disk: the system tells of it only once. */
  #syncActive(): void {
    try {
      this.#active.sync()
    } catch (error) {
      this.#refusal = storageError('syncing a segment', error).message
      throw storageError('syncing a segment', error)
    }
  }

  #writeSnapshot(): void {
    const offset = this.#endOffset
    if (this.#snapshots.at(-1) === offset || offset === 0n) return
    this.#folder.replace(fileName(offset, SNAPSHOT_SUFFIX), encodeSnapshot(this.#producers.all()))
    this.#snapshots.push(offset)
    for (const old of this.#snapshots.splice(0, this.#snapshots.length - KEPT_SNAPSHOTS)) this.#folder.remove(fileName(old, SNAPSHOT_SUFFIX))
  }

  #refuseIfBroken(): void {
    if (this.#refusal !== undefined) throw new ProtocolError(ERROR.KAFKA_STORAGE_ERROR, `nothing can be appended until the log is opened again: ${this.#refusal}`)
  }

  #writing(attempt: string, action: () => void): void {
    try {
      storing(attempt, action)
    } catch (error) {
      if ((error as Error).cause instanceof TornFileError) this.#refusal = (error as Error).message
      throw error
    }
  }
}

function checkSize(batch: Buffer, { maxMessageBytes, segmentBytes }: LogSettings): void {
  if (batch.length > maxMessageBytes) {
    throw new ProtocolError(ERROR.MESSAGE_TOO_LARGE, `size of a batch: got ${batch.length} bytes, expected at most ${maxMessageBytes} (max.message.bytes)`)
  }
  if (batch.length > segmentBytes) {
    throw new ProtocolError(ERROR.RECORD_LIST_TOO_LARGE, `size of a batch: got ${batch.length} bytes, expected at most ${segmentBytes} (segment.bytes)`)
  }
}
