import { fileName, INDEX_SUFFIX, SEGMENT_SUFFIX } from './file-names.ts'
import type { Folder, LogFile } from './folder.ts'
import { decodeIndex, encodeIndex } from './index-file.ts'
import { batchAt, readBatches, visitHeaders, type Piece, type ReadOptions } from './read-batches.ts'
import { scan } from './scan.ts'
import { SegmentContent, type Circumstances, type SegmentFacts } from './segment-content.ts'

const DEFAULT_INDEX_INTERVAL_BYTES = 4096

/** How the index file stands to the segment; `stale` also if nobody has looked whether there is one. */
type IndexFile = 'none' | 'stale' | 'good'

export interface ScannedSegment {
  readonly segment: Segment
  readonly fileBytes: number
  /** What is wrong with what follows the last sound batch. */
  readonly problem?: string
}

/** One file of batches that begins at a base offset. Only the last of a log, the active one, grows, and only its file stays open. */
export class Segment {
  readonly baseOffset: bigint
  readonly #folder: Folder
  /** Not in memory while the segment rests. */
  #content: SegmentContent | undefined
  #facts: SegmentFacts
  #file: LogFile | undefined
  #indexFile: IndexFile

  private constructor(folder: Folder, baseOffset: bigint, content: SegmentContent, indexFile: IndexFile) {
    this.#folder = folder
    this.baseOffset = baseOffset
    this.#content = content
    this.#facts = content.facts
    this.#indexFile = indexFile
  }

  /** One that has no file yet: the first append creates it, or `create`. */
  static fresh(folder: Folder, baseOffset: bigint): Segment {
    return new Segment(folder, baseOffset, new SegmentContent(), 'none')
  }

  /** One whose index file fits its size to the byte. Undefined if there is none: the segment must be scanned. */
  static indexed(folder: Folder, baseOffset: bigint): Segment | undefined {
    const content = decodeIndex(folder.readWhole(fileName(baseOffset, INDEX_SUFFIX)))
    if (content === undefined) return undefined
    const segment = new Segment(folder, baseOffset, content, 'good')
    return segment.#use(file => file.size) === content.facts.bytes ? segment : undefined
  }

  /** One whose batches are all looked at, up to the first that is not sound. */
  static scanned(folder: Folder, baseOffset: bigint, circumstances: Circumstances): ScannedSegment {
    const content = new SegmentContent()
    const segment = new Segment(folder, baseOffset, content, 'stale')
    return segment.#use(file => {
      const { problem } = scan({ file, baseOffset, endPosition: file.size, checkCrc: true }, (bytes, at) =>
        content.add(bytes, at, circumstances),
      )
      return { segment, fileBytes: file.size, ...(problem !== undefined && { problem }) }
    })
  }

  get facts(): SegmentFacts {
    return this.#facts
  }

  get bytes(): number {
    return this.#facts.bytes
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
    this.#use(file => file.sync())
  }

  /** Cuts off what follows the last sound batch. */
  cutTail(): void {
    this.#dropIndexFile()
    this.#use(file => {
      file.truncate(this.bytes)
      file.sync()
    })
  }

  /** Whether nothing is left to be made durable: the index file was written after everything else. */
  get isFinished(): boolean {
    return this.#indexFile === 'good' || this.bytes === 0
  }

  /** After `sync`: from here on the segment need not be read when it is opened. */
  writeIndex(): void {
    this.#folder.replace(fileName(this.baseOffset, INDEX_SUFFIX), encodeIndex(this.#loaded()), { mayBeLost: true })
    this.#indexFile = 'good'
  }

  /** It must go before the segment changes. */
  #dropIndexFile(): void {
    if (this.#indexFile === 'none') return
    this.#folder.remove(fileName(this.baseOffset, INDEX_SUFFIX))
    this.#indexFile = 'none'
  }

  /** Lets go of the file and of the index, which are fetched again when they are needed. */
  rest(): void {
    this.#file?.close()
    this.#file = undefined
    if (this.#indexFile === 'good') this.#content = undefined
  }

  remove(): void {
    this.rest()
    this.#folder.remove(fileName(this.baseOffset, SEGMENT_SUFFIX))
    this.#folder.remove(fileName(this.baseOffset, INDEX_SUFFIX))
  }

  /** Whole batches from the one on that holds `offset`, or the first after it; undefined if there is none. */
  read(options: ReadOptions): Piece | undefined {
    if (options.endPosition === 0) return undefined
    const from = this.#loaded().index.positionOf(Math.max(0, Number(options.offset - this.baseOffset)))
    return this.#use(file => readBatches(file, from, options))
  }

  /** The header of each batch from the one at `position` on, until `visit` returns true. */
  visitBatches(position: number, endPosition: number, visit: (bytes: Buffer, at: number, position: number) => boolean): void {
    if (position < endPosition) this.#use(file => visitHeaders(file, { position, endPosition }, visit))
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

  /** The index file was good when the segment came to rest, and is not any more. */
  #indexAgain(): SegmentContent {
    const content = new SegmentContent()
    const circumstances = { nowMs: this.#facts.lastAppendMs, indexIntervalBytes: DEFAULT_INDEX_INTERVAL_BYTES }
    this.visitBatches(0, this.bytes, (bytes, at) => {
      content.add(bytes, at, circumstances)
      return false
    })
    this.#indexFile = 'stale'
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
