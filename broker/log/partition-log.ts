import { ERROR, ProtocolError } from '../errors.ts'
import * as header from '../records/batch.ts'
import { TornFileError, type Folder } from './folder.ts'
import type { LogSettings } from './log-settings.ts'
import type { ProducerStates } from './producer-states.ts'
import { recover, type Recovered } from './recover.ts'
import { expiredCount } from './retention.ts'
import { checkSize, mustRoll } from './rolling.ts'
import type { Segments } from './segments.ts'
import type { Snapshots } from './snapshots.ts'
import { writeStartOffset } from './start-offset.ts'
import { storageError, storing } from './storage-error.ts'
import { checkTimestamps } from './timestamp-bounds.ts'
import { recordAtOrAfter, recordWithGreatest, type FoundRecord } from './timestamps.ts'

export type { LogSettings } from './log-settings.ts'
export type { FoundRecord } from './timestamps.ts'

/** There is one leader, which never changes. */
export const LEADER_EPOCH = 0
const NO_LOG_APPEND_TIME = -1n

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
  readonly #segments: Segments
  readonly #producers: ProducerStates
  readonly #snapshots: Snapshots
  /** What was not in order when the log was opened, in words for the log; empty after a clean stop. */
  readonly findings: readonly string[]
  #startOffset: bigint
  #endOffset: bigint
  #highWatermark: bigint
  /** How much of the active segment lies below the high watermark. All other segments do. */
  #visibleBytes: number
  /** Why the log accepts no records until it is opened again. */
  #refusal: string | undefined
  #isDiscarded = false

  private constructor({ folder, settings, now }: PartitionLogOptions, recovered: Recovered) {
    this.#folder = folder
    this.#settings = settings
    this.#now = now
    this.#segments = recovered.segments
    this.#producers = recovered.producers
    this.#snapshots = recovered.snapshots
    this.findings = recovered.findings
    this.#startOffset = recovered.startOffset
    this.#endOffset = this.#highWatermark = this.#segments.active.nextOffset
    this.#visibleBytes = this.#segments.active.bytes
  }

  /** Reads what the folder holds; creates nothing. */
  static open(options: PartitionLogOptions): PartitionLog {
    const circumstances = { nowMs: options.now(), indexIntervalBytes: options.settings().indexIntervalBytes }
    return new PartitionLog(
      options,
      storing('opening a log', () => recover(options.folder, circumstances)),
    )
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
    return this.#segments.bytes
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
    if (!isStamped) checkTimestamps(batch, settings, nowMs)
    const earlier = this.#producers.check(batch, nowMs - settings.producerIdExpirationMs)
    if (earlier)
      return { baseOffset: earlier.baseOffset, logAppendTime: isStamped ? earlier.timestamp : NO_LOG_APPEND_TIME, isDuplicate: true }
    const logAppendTime = isStamped ? BigInt(Math.trunc(nowMs)) : NO_LOG_APPEND_TIME
    this.#writing('appending a batch', () => {
      const timestamp = isStamped ? logAppendTime : header.maxTimestamp(batch, 0)
      if (mustRoll(this.#segments.active.facts, batch, timestamp, settings, nowMs)) this.#roll()
      header.setBaseOffset(batch, this.#endOffset, LEADER_EPOCH)
      if (isStamped) header.setLogAppendTime(batch, logAppendTime)
      this.#segments.active.append(batch, { nowMs, indexIntervalBytes: settings.indexIntervalBytes })
    })
    const baseOffset = this.#endOffset
    this.#producers.record(batch, 0, nowMs)
    this.#endOffset = this.#segments.active.nextOffset
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
    this.#visibleBytes = this.#segments.active.bytes
  }

  /**
   * Whole batches below the high watermark, from the one on that holds `offset`, together at most `maxBytes`, or one if
   * that is asked for. A piece holds one batch or several (`batchesIn`). Throws OFFSET_OUT_OF_RANGE.
   */
  read(offset: bigint, maxBytes: number, { atLeastOneBatch }: { readonly atLeastOneBatch: boolean }): Buffer[] {
    if (offset < this.#startOffset || offset > this.#endOffset) {
      throw new ProtocolError(ERROR.OFFSET_OUT_OF_RANGE, `offset: got ${offset}, expected ${this.#startOffset} to ${this.#endOffset}`)
    }
    if (offset >= this.#highWatermark) return []
    const from = { offset, maxBytes, atLeastOneBatch, indexIntervalBytes: this.#settings().indexIntervalBytes }
    return storing('reading a log', () => this.#segments.read(from, this.#visibleBytes))
  }

  /** The first record of this time or later. */
  findTimestamp(timestamp: bigint): FoundRecord | undefined {
    return storing('reading a log', () =>
      this.#segments.withVisible(this.#startOffset, this.#visibleBytes, log => recordAtOrAfter(log, timestamp)),
    )
  }

  /** The record with the greatest time; the first of them. */
  maxTimestamp(): FoundRecord | undefined {
    return storing('reading a log', () => this.#segments.withVisible(this.#startOffset, this.#visibleBytes, recordWithGreatest))
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
      this.#segments.removeBefore(offset)
    })
  }

  /** Deletes the segments that are too old or too many, and forgets producers. The active segment too is closed and deleted when it is due. */
  applyRetention(): void {
    const [settings, nowMs] = [this.#settings(), this.#now()]
    this.#producers.forget(nowMs - settings.producerIdExpirationMs)
    const facts = this.#segments.facts()
    const isAllVisible = this.#highWatermark === this.#endOffset
    const count = expiredCount(isAllVisible ? facts : facts.slice(0, -1), settings, nowMs)
    this.#writing('applying retention', () => {
      for (let removed = 0; removed < count; removed++) {
        // The last of all only when the others are gone: it needs room on the disk for the next.
        if (this.#segments.count === 1) this.#roll()
        this.#segments.removeOldest()
        if (this.#segments.baseOffset > this.#startOffset) this.#startOffset = this.#segments.baseOffset
      }
    })
  }

  /** Everything on the disk, and files with what opening the log needs to know. Nothing can be appended any more. */
  close(): void {
    try {
      if (this.#refusal === undefined) this.#writing('closing a log', () => this.#finish())
    } finally {
      this.#refusal ??= 'the log is closed'
      this.#segments.active.rest()
    }
  }

  /** As `close`, for a log that is deleted: nothing is written. */
  discard(): void {
    this.#isDiscarded = true
    this.#refusal ??= 'the log was deleted'
    this.#segments.active.rest()
  }

  #roll(): void {
    this.#finish()
    this.#segments.roll()
    this.#showAll()
  }

  #finish(): void {
    const { active } = this.#segments
    if (!active.isFinished) {
      this.#syncActive()
      active.writeIndex()
    }
    if (this.#segments.bytes > 0) this.#snapshots.write(this.#endOffset, this.#producers.all())
  }

  /** After a failed sync nobody knows what is on the disk: the system tells of it only once. */
  #syncActive(): void {
    try {
      this.#segments.active.sync()
    } catch (error) {
      const failed = storageError('syncing a segment', error)
      this.#refusal = failed.message
      throw failed
    }
  }

  #refuseIfBroken(): void {
    if (this.#isDiscarded) throw new ProtocolError(ERROR.UNKNOWN_TOPIC_OR_PARTITION, 'the topic was deleted')
    if (this.#refusal !== undefined)
      throw new ProtocolError(ERROR.KAFKA_STORAGE_ERROR, `the log accepts no records until it is opened again: ${this.#refusal}`)
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
