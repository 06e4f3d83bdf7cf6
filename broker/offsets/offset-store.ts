import { TornFileError, type Folder, type LogFile } from '../log/folder.ts'
import { storing } from '../log/storage-error.ts'
import { frameOf, readFrames, type Change } from './offset-frames.ts'
import { asInt64, OffsetTable, type CommittedOffset, type GroupOffsets, type GroupRecord } from './offset-table.ts'

export type { CommittedOffset, GroupOffsets, GroupRecord } from './offset-table.ts'

/** The offset to store for one partition. */
export interface OffsetToCommit {
  readonly topic: string
  readonly partition: number
  /** The offset of the next record to read. */
  readonly offset: bigint
  readonly leaderEpoch?: number
  readonly metadata?: string
  /** The offset expires after this time instead of with the group. */
  readonly retentionMs?: number
}

export interface OffsetStoreOptions {
  /** Whether a commit is flushed to disk before it returns, so that it survives a power loss. Otherwise it survives only the end of the process. */
  readonly flushEachCommit?: boolean
}

export const OFFSETS_FILE = 'offsets.log'
/** Holds the bytes that were last cut off the file. */
export const CUT_FILE = 'offsets.log.cut'
const NO_LEADER_EPOCH = -1
/** A smaller file is not rewritten: it holds a few thousand changes, which are read in a few ms. */
const MIN_REWRITE_BYTES = 1 << 18
/** The file is rewritten when it has grown by this factor since the last rewrite. */
const GROWTH = 2
const ENTRIES_A_FRAME = 500

/** The committed offsets of all groups, in a file to which changes are appended and which is rewritten when it has grown. Throws KAFKA_STORAGE_ERROR. */
export class OffsetStore {
  readonly #folder: Folder
  readonly #now: () => number
  readonly #flushEachCommit: boolean
  readonly #table = new OffsetTable()
  #file: LogFile
  #rewriteAtBytes = MIN_REWRITE_BYTES
  /** Appended changes might be lost: an append or a sync failed and left bytes in the file, or another file has replaced this one. */
  #isUnsafe = false
  /** Number of bytes after the last complete change when the store was opened. */
  readonly cutBytes: number

  private constructor(folder: Folder, now: () => number, { flushEachCommit = false }: OffsetStoreOptions) {
    this.#folder = folder
    this.#now = now
    this.#flushEachCommit = flushEachCommit
    this.#file = folder.open(OFFSETS_FILE)
    this.cutBytes = this.#load()
  }

  static open(folder: Folder, now: () => number, options: OffsetStoreOptions = {}): OffsetStore {
    return storing('opening the committed offsets', () => new OffsetStore(folder, now, options))
  }

  #load(): number {
    const { size } = this.#file
    let entries = 0
    const end = readFrames(this.#file.read(0, size), change => {
      entries +=
        change.offsets.length +
        change.groups.length +
        change.removedOffsets.length +
        change.removedGroups.length +
        change.removedTopics.length
      this.#table.apply(change)
    })
    if (end < size) {
      // Usually these bytes were never acknowledged. If they were damaged later, an operator may still need them.
      this.#folder.replace(CUT_FILE, this.#file.read(end, size - end))
      this.#file.truncate(end)
    }
    if (entries > this.#table.size) this.#shorten()
    return size - end
  }

  /** Commits all entries or none. They are in the file when this returns. */
  commit(group: string, entries: readonly OffsetToCommit[]): void {
    const nowMs = this.#now()
    const committedAt = BigInt(nowMs)
    const offsets = entries.map(({ topic, partition, offset, leaderEpoch = NO_LEADER_EPOCH, metadata = '', retentionMs }) => ({
      group,
      topic,
      partition,
      offset,
      leaderEpoch,
      metadata,
      committedAt,
      expiresAt: asInt64(retentionMs === undefined ? undefined : nowMs + retentionMs),
    }))
    if (offsets.length > 0) this.#change({ offsets })
  }

  fetch(group: string, topic: string, partition: number): CommittedOffset | undefined {
    return this.#table.get(group, topic, partition)
  }

  /** All offsets of a group, by topic and partition. */
  all(group: string): GroupOffsets {
    return this.#table.all(group)
  }

  /** Whether anything is stored for the group. */
  has(group: string): boolean {
    return this.#table.has(group)
  }

  groups(): string[] {
    return this.#table.groups()
  }

  record(group: string): GroupRecord | undefined {
    return this.#table.record(group)
  }

  setRecord(group: string, { protocolType, generation, emptySinceMs }: GroupRecord): void {
    this.#change({ groups: [{ group, protocolType, generation, emptySince: asInt64(emptySinceMs) }] })
  }

  remove(group: string, partitions: readonly { topic: string; partition: number }[]): void {
    const removedOffsets = partitions
      .filter(({ topic, partition }) => this.fetch(group, topic, partition))
      .map(({ topic, partition }) => ({ group, topic, partition }))
    if (removedOffsets.length > 0) this.#change({ removedOffsets })
  }

  /** Deletes a group with all its offsets. */
  deleteGroup(group: string): void {
    if (this.has(group)) this.#change({ removedGroups: [group] })
  }

  /** Deletes the offsets of all groups for a topic. */
  deleteTopic(topic: string): void {
    if (this.groups().some(group => this.all(group).has(topic))) this.#change({ removedTopics: [topic] })
  }

  #change(part: Partial<Change>): void {
    storing('writing committed offsets', () => {
      if (this.#file.size > this.#rewriteAtBytes) this.#shorten()
      if (this.#isUnsafe) this.#rewrite()
      this.#append(frameOf(part))
    })
    this.#table.apply({ offsets: [], removedOffsets: [], groups: [], removedGroups: [], removedTopics: [], ...part })
  }

  #append(frame: Buffer): void {
    try {
      this.#file.append([frame])
    } catch (error) {
      this.#isUnsafe = error instanceof TornFileError
      throw error
    }
    if (!this.#flushEachCommit) return
    this.#isUnsafe = true
    this.#file.sync()
    this.#isUnsafe = false
  }

  /** If there is no space for a second file, the first one keeps growing. */
  #shorten(): void {
    try {
      this.#rewrite()
    } catch {
      this.#rewriteAtBytes = GROWTH * this.#file.size
    }
  }

  /** Replaces the file by one that holds only the current state. */
  #rewrite(): void {
    const frames = this.#table.asChanges(ENTRIES_A_FRAME).map(frameOf)
    const content = Buffer.concat([...frames])
    try {
      this.#folder.replace(OFFSETS_FILE, content)
    } catch (error) {
      this.#isUnsafe ||= this.#mayBeReplacedBy(content)
      throw error
    }
    this.#isUnsafe = true
    const file = this.#folder.open(OFFSETS_FILE)
    this.#file.close()
    this.#file = file
    this.#isUnsafe = false
    this.#rewriteAtBytes = Math.max(MIN_REWRITE_BYTES, GROWTH * content.length)
  }

  /** A replacement may fail after the new file has the name, for example if the folder cannot be synced. */
  #mayBeReplacedBy(content: Buffer): boolean {
    try {
      return this.#folder.readWhole(OFFSETS_FILE)?.equals(content) ?? true
    } catch {
      return true
    }
  }

  /** Shortens the file first, so that the next start reads no outdated changes. */
  close(): void {
    storing('closing the committed offsets', () => {
      try {
        this.#shorten()
        this.#file.sync()
      } finally {
        this.#file.close()
      }
    })
  }
}
