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

/** There is only one leader, and it never changes. */
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
  /** ms since the Unix epoch; -1 if records keep their own times. */
  readonly logAppendTime: bigint
  /** The log already had the batch at `baseOffset`, so it was not appended again. */
  readonly isDuplicate: boolean
}

/**
 * The records of one partition: batches in segment files, of which only the last grows. A call that fails
 * changes nothing and throws `ProtocolError`, with KAFKA_STORAGE_ERROR if a file operation failed.
 */
export class PartitionLog {
  readonly #folder: Folder
  readonly #settings: () => LogSettings
  readonly #now: () => number
  readonly #segments: Segments
  readonly #producers: ProducerStates
  readonly #snapshots: Snapshots
  /** Problems found while opening the log, as text for the broker's log; empty after a clean stop. */
  readonly findings: readonly string[]
  #startOffset: bigint
  #endOffset: bigint
  #highWatermark: bigint
  /** How many bytes of the active segment are below the high watermark. The other segments are below it entirely. */
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

  /** Reads the folder; creates nothing. */
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

  /** The offset of the next record to be written. */
  get endOffset(): bigint {
    return this.#endOffset
  }

  /** Consumers may read the records before this offset. */
  get highWatermark(): bigint {
    return this.#highWatermark
  }

  /** The same as the high watermark, because there are no transactions yet. */
  get lastStableOffset(): bigint {
    return this.#highWatermark
  }

  /** The size of all batches, in bytes. */
  get bytes(): number {
    return this.#segments.bytes
  }

  /**
   * Appends a batch that has passed `checkBatch`. Writes its base offset, leader epoch and, with LogAppendTime, its time
   * into the given bytes. With `flushEachAppend` the caller must acknowledge it, even a duplicate, only after `flush()`.
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

  /** Makes the records past the high watermark durable and moves the high watermark to the end. Does nothing if it is there already. */
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
   * Whole batches below the high watermark, starting with the one that holds `offset`: at most `maxBytes` in total, or
   * one batch if `atLeastOneBatch` is set. A piece holds one or more batches (`batchesIn`). Throws OFFSET_OUT_OF_RANGE.
   */
  read(offset: bigint, maxBytes: number, { atLeastOneBatch }: { readonly atLeastOneBatch: boolean }): Buffer[] {
    if (offset < this.#startOffset || offset > this.#endOffset) {
      throw new ProtocolError(ERROR.OFFSET_OUT_OF_RANGE, `offset: got ${offset}, expected ${this.#startOffset} to ${this.#endOffset}`)
    }
    if (offset >= this.#highWatermark) return []
    const from = { offset, maxBytes, atLeastOneBatch, indexIntervalBytes: this.#settings().indexIntervalBytes }
    return storing('reading a log', () => this.#segments.read(from, this.#visibleBytes))
  }

  /** The first record with this time or a later one. */
  findTimestamp(timestamp: bigint): FoundRecord | undefined {
    return storing('reading a log', () =>
      this.#segments.withVisible(this.#startOffset, this.#visibleBytes, log => recordAtOrAfter(log, timestamp)),
    )
  }

  /** The first record with the greatest time. */
  maxTimestamp(): FoundRecord | undefined {
    return storing('reading a log', () => this.#segments.withVisible(this.#startOffset, this.#visibleBytes, recordWithGreatest))
  }

  /** Deletes the records before `offset`. Throws OFFSET_OUT_OF_RANGE if it is past the high watermark. */
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

  /** Deletes segments that exceed the limits of age or size, and forgets silent producers. The active segment is closed and deleted too when it is due. */
  applyRetention(): void {
    const [settings, nowMs] = [this.#settings(), this.#now()]
    this.#producers.forget(nowMs - settings.producerIdExpirationMs)
    const facts = this.#segments.facts()
    const isAllVisible = this.#highWatermark === this.#endOffset
    const count = expiredCount(isAllVisible ? facts : facts.slice(0, -1), settings, nowMs)
    this.#writing('applying retention', () => {
      for (let removed = 0; removed < count; removed++) {
        // The active segment comes last: replacing it needs space on disk.
        if (this.#segments.count === 1) this.#roll()
        this.#segments.removeOldest()
        if (this.#segments.baseOffset > this.#startOffset) this.#startOffset = this.#segments.baseOffset
      }
    })
  }

  /** Makes everything durable and writes the files that speed up the next opening. After this, appends are refused. */
  close(): void {
    try {
      if (this.#refusal === undefined) this.#writing('closing a log', () => this.#finish())
    } finally {
      this.#refusal ??= 'the log is closed'
      this.#segments.active.unload()
    }
  }

  /** Like `close`, for a log that is deleted: writes nothing. */
  discard(): void {
    this.#isDiscarded = true
    this.#refusal ??= 'the log was deleted'
    this.#segments.active.unload()
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

  /** After a failed sync it is unknown what is on disk: the system reports the failure only once. */
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
