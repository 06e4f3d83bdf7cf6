import type { Folder, LogFile } from './folder.ts'
import { decodeIndex, encodeIndex } from './index-file.ts'
import { scan } from './scan.ts'
import { batchAt, readBatches, visitHeaders, type ReadOptions } from './read-batches.ts'
import { SegmentContent, type SegmentFacts } from './segment-content.ts'

const NAME_DIGITS = 20
const DEFAULT_INDEX_INTERVAL_BYTES = 4096
export const SEGMENT_SUFFIX = '.log'
export const INDEX_SUFFIX = '.index'
export const SNAPSHOT_SUFFIX = '.snapshot'

/** What a file is called that belongs to an offset: twenty digits, so that names sort as offsets do. */
export function fileName(offset: bigint, suffix: string): string {
  return String(offset).padStart(NAME_DIGITS, '0') + suffix
}

/** What the clock says, and how densely to index. */
export interface Circumstances {
  readonly nowMs: number
  readonly indexIntervalBytes: number
}

/** One file of batches that begins at a base offset. Only the last of a log, the active one, grows; only its file stays open. */
export class Segment {
  readonly baseOffset: bigint
  readonly #folder: Folder
  #content: SegmentContent | undefined
  #facts: SegmentFacts
  #file: LogFile | undefined
  /** Whether an index file may be there. It must go before the segment changes. */
  #hasIndexFile: boolean

  private constructor(folder: Folder, baseOffset: bigint, content: SegmentContent, hasIndexFile: boolean) {
    this.#folder = folder
    this.baseOffset = baseOffset
    this.#content = content
    this.#facts = content.facts
    this.#hasIndexFile = hasIndexFile
  }

  /** One that has no file yet: the first append creates it, or `create`. */
  static fresh(folder: Folder, baseOffset: bigint): Segment {
    return new Segment(folder, baseOffset, new SegmentContent(), false)
  }

  /** One whose index file fits its size to the byte. Undefined if there is none: the segment must be scanned. */
  static indexed(folder: Folder, baseOffset: bigint): Segment | undefined {
    const content = decodeIndex(folder.readWhole(fileName(baseOffset, INDEX_SUFFIX)))
    if (content === undefined) return undefined
    const segment = new Segment(folder, baseOffset, content, true)
    return segment.#use(file => file.size) === content.facts.bytes ? segment : undefined
  }

  /** One whose batches are all looked at, up to the first that is not sound. */
  static scanned(folder: Folder, baseOffset: bigint, circumstances: Circumstances): { segment: Segment; fileBytes: number; problem?: string } {
    const content = new SegmentContent()
    const segment = new Segment(folder, baseOffset, content, true)
    return segment.#use(file => {
      const { problem } = scan({ file, baseOffset, endPosition: file.size, checkCrc: true }, (bytes, at) => content.add(bytes, at, circumstances))
      return { segment, fileBytes: file.size, ...(problem !== undefined && { problem }) }
    })
  }

  get facts(): SegmentFacts {
    return this.#facts
  }

  get bytes(): number {
    return this.#facts.bytes
  }

  get isEmpty(): boolean {
    return this.#facts.bytes === 0
  }

  get nextOffset(): bigint {
    return this.baseOffset + BigInt(this.#facts.nextOffset)
  }

  /** Makes the file, and its name durable: from here on it tells where the log ends. */
  create(): void {
    this.#opened().sync()
  }

  /** All of the batch is in the file, or the error is thrown and nothing has changed. */
  append(batch: Buffer, circumstances: Circumstances): void {
    const file = this.#opened()
    this.#dropIndexFile()
    file.append([batch])
    this.#loaded().add(batch, 0, circumstances)
  }

  sync(): void {
    this.#file?.sync()
  }

  /** Cuts off what follows the last sound batch. */
  cutTail(): void {
    this.#dropIndexFile()
    this.#opened().truncate(this.bytes)
    this.#opened().sync()
  }

  writeIndex(): void {
    if (this.#hasIndexFile || this.isEmpty) return
    this.#folder.replace(fileName(this.baseOffset, INDEX_SUFFIX), encodeIndex(this.#loaded()))
    this.#hasIndexFile = true
  }

  #dropIndexFile(): void {
    if (!this.#hasIndexFile) return
    this.#folder.remove(fileName(this.baseOffset, INDEX_SUFFIX))
    this.#hasIndexFile = false
  }

  /** Lets go of the file and of the index, which are fetched again when they are needed. */
  rest(): void {
    this.#file?.close()
    this.#file = undefined
    if (this.#hasIndexFile) this.#content = undefined
  }

  remove(): void {
    this.#file?.close()
    this.#file = undefined
    this.#folder.remove(fileName(this.baseOffset, SEGMENT_SUFFIX))
    this.#folder.remove(fileName(this.baseOffset, INDEX_SUFFIX))
  }

  /** Whole batches from the one on that holds `offset`, or the first after it; undefined if there is none. */
  read(options: ReadOptions): Buffer | undefined {
    if (options.endPosition === 0) return undefined
    const from = this.#loaded().index.positionOf(Math.max(0, Number(options.offset - this.baseOffset)))
    return this.#use(file => readBatches(file, from, options))
  }

  /** The header of each batch from the one on that `position` gives, until `visit` returns true. */
  visitBatches(position: number, endPosition: number, visit: (bytes: Buffer, at: number, position: number) => boolean): void {
    this.#use(file => visitHeaders(file, { position, endPosition }, visit))
  }

  batchAt(position: number): Buffer {
    return this.#use(file => batchAt(file, position))
  }

  /** A position with no batch of `timestamp` or later before it. */
  positionBefore(timestamp: bigint): number {
    return this.#loaded().index.positionBefore(timestamp)
  }

  #loaded(): SegmentContent {
    if (this.#content === undefined) {
      const content = decodeIndex(this.#folder.readWhole(fileName(this.baseOffset, INDEX_SUFFIX)))
      this.#content = content?.facts.bytes === this.bytes ? content : this.#indexAgain()
      this.#facts = this.#content.facts
    }
    return this.#content
  }

  /** The index file was good when the log was opened and is not any more. */
  #indexAgain(): SegmentContent {
    const content = new SegmentContent()
    const circumstances = { nowMs: this.#facts.lastAppendMs, indexIntervalBytes: DEFAULT_INDEX_INTERVAL_BYTES }
    this.#use(file => scan({ file, baseOffset: this.baseOffset, endPosition: this.bytes, checkCrc: false }, (bytes, at) => content.add(bytes, at, circumstances)))
    this.#hasIndexFile = false
    return content
  }

  #opened(): LogFile {
    this.#file ??= this.#folder.open(fileName(this.baseOffset, SEGMENT_SUFFIX))
    return this.#file
  }

  #use<T>(action: (file: LogFile) => T): T {
    if (this.#file !== undefined) return action(this.#file)
    const file = this.#folder.open(fileName(this.baseOffset, SEGMENT_SUFFIX))
    try {
      return action(file)
    } finally {
      file.close()
    }
  }
}
