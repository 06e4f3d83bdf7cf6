import { fileName, INDEX_SUFFIX, SEGMENT_SUFFIX } from './file-names.ts'
import type { Folder, LogFile } from './folder.ts'
import { decodeIndex, encodeIndex } from './index-file.ts'
import { batchAt, readBatches, visitHeaders, type Piece, type ReadOptions } from './read-batches.ts'
import { scan } from './scan.ts'
import { SegmentContent, type Circumstances, type SegmentFacts } from './segment-content.ts'

const DEFAULT_INDEX_INTERVAL_BYTES = 4096

/** The state of the index file relative to the segment; `stale` also if it is unknown whether the file exists. */
type IndexFile = 'none' | 'stale' | 'good'

export interface ScannedSegment {
  readonly segment: Segment
  readonly fileBytes: number
  /** The problem with the bytes after the last valid batch. */
  readonly problem?: string
}

/** A file of batches that begins at a base offset. Only the last segment of a log, the active one, grows and keeps its file open. */
export class Segment {
  readonly baseOffset: bigint
  readonly #folder: Folder
  /** Not in memory while the segment is unloaded. */
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

  /** A segment without a file yet: `create` or the first append creates it. */
  static fresh(folder: Folder, baseOffset: bigint): Segment {
    return new Segment(folder, baseOffset, new SegmentContent(), 'none')
  }

  /** A segment whose index file matches its exact size. Undefined if there is no such file: the segment must be scanned. */
  static indexed(folder: Folder, baseOffset: bigint): Segment | undefined {
    const content = decodeIndex(folder.readWhole(fileName(baseOffset, INDEX_SUFFIX)))
    if (content === undefined) return undefined
    const segment = new Segment(folder, baseOffset, content, 'good')
    return segment.#use(file => file.size) === content.facts.bytes ? segment : undefined
  }

  /** A segment whose batches are all checked, up to the first invalid one. */
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

  /** Creates the file and makes its name durable: from then on it records where the log ends. */
  create(): void {
    this.#opened().sync()
  }

  /** Writes the whole batch, or throws and changes nothing. */
  append(batch: Buffer, circumstances: Circumstances): void {
    const file = this.#opened()
    this.#dropIndexFile()
    file.append([batch])
    this.#loaded().add(batch, 0, circumstances)
  }

  sync(): void {
    this.#use(file => file.sync())
  }

  /** Cuts off the bytes after the last valid batch. */
  cutTail(): void {
    this.#dropIndexFile()
    this.#use(file => {
      file.truncate(this.bytes)
      file.sync()
    })
  }

  /** Whether everything is durable: the index file was written last. */
  get isFinished(): boolean {
    return this.#indexFile === 'good' || this.bytes === 0
  }

  /** Call after `sync`. From then on, opening the segment need not read it. */
  writeIndex(): void {
    this.#folder.replace(fileName(this.baseOffset, INDEX_SUFFIX), encodeIndex(this.#loaded()), { mayBeLost: true })
    this.#indexFile = 'good'
  }

  /** The index file must be removed before the segment changes. */
  #dropIndexFile(): void {
    if (this.#indexFile === 'none') return
    this.#folder.remove(fileName(this.baseOffset, INDEX_SUFFIX))
    this.#indexFile = 'none'
  }

  /** Closes the file and drops the index; both are loaded again when needed. */
  unload(): void {
    this.#file?.close()
    this.#file = undefined
    if (this.#indexFile === 'good') this.#content = undefined
  }

  remove(): void {
    this.unload()
    this.#folder.remove(fileName(this.baseOffset, SEGMENT_SUFFIX))
    this.#folder.remove(fileName(this.baseOffset, INDEX_SUFFIX))
  }

  /** Whole batches, starting with the one that holds `offset` or the first after it; undefined if there is no such batch. */
  read(options: ReadOptions): Piece | undefined {
    if (options.endPosition === 0) return undefined
    const from = this.#loaded().index.positionOf(Math.max(0, Number(options.offset - this.baseOffset)))
    return this.#use(file => readBatches(file, from, options))
  }

  /** Visits the header of each batch, starting at `position`, until `visit` returns true. */
  visitBatches(position: number, endPosition: number, visit: (bytes: Buffer, at: number, position: number) => boolean): void {
    if (position < endPosition) this.#use(file => visitHeaders(file, { position, endPosition }, visit))
  }

  batchAt(position: number): Buffer {
    return this.#use(file => batchAt(file, position))
  }

  /** A position before which every batch is older than `timestamp`. */
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

  /** The index file was valid when the segment was unloaded, but no longer is. */
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
