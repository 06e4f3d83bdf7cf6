import { TornFileError, type Folder, type LogFile } from '../log/folder.ts'
import { storing } from '../log/storage-error.ts'
import { frameOf, readFrames, type Change } from './offset-frames.ts'
import { asInt64, OffsetTable, type CommittedOffset, type GroupOffsets, type GroupRecord } from './offset-table.ts'

export type { CommittedOffset, GroupOffsets, GroupRecord } from './offset-table.ts'

/** What is to be remembered for one partition. */
export interface OffsetToCommit {
  readonly topic: string
  readonly partition: number
  /** Of the next record that is to be read. */
  readonly offset: bigint
  readonly leaderEpoch?: number
  readonly metadata?: string
  /** Forgotten after this time instead of with the group. */
  readonly retentionMs?: number
}

export interface OffsetStoreOptions {
  /** Whether a commit returns only when it would survive a loss of power; otherwise it survives the end of the process. */
  readonly flushEachCommit?: boolean
}

export const OFFSETS_FILE = 'offsets.log'
/** Keeps what was cut off the file last. */
export const CUT_FILE = 'offsets.log.cut'
const NO_LEADER_EPOCH = -1
/** Below this, the file is not worth rewriting: it holds some thousand changes, which are read in a few ms. */
const MIN_REWRITE_BYTES = 1 << 18
/** The file is rewritten when it has grown to so many times what it was after the last time. */
const GROWTH = 2
const ENTRIES_A_FRAME = 500

/** The committed offsets of all groups, in a file to which changes are appended and which is rewritten now and then. Throws KAFKA_STORAGE_ERROR. */
export class OffsetStore {
  readonly #folder: Folder
  readonly #now: () => number
  readonly #flushEachCommit: boolean
  readonly #table = new OffsetTable()
  #file: LogFile
  #rewriteAtBytes = MIN_REWRITE_BYTES
  /** What is appended might be lost: an append or a sync failed and left something behind, or another file has taken this one's place. */
  #isSpoilt = false
  /** What was found behind the last whole change when the store was opened. */
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
      // Never acknowledged as a rule; if it was damaged later, somebody may still want it.
      this.#folder.replace(CUT_FILE, this.#file.read(end, size - end))
      this.#file.truncate(end)
    }
    if (entries > this.#table.size) this.#shorten()
    return size - end
  }

  /** All of them or none; written down when it returns. */
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

  /** By topic and partition. */
  all(group: string): GroupOffsets {
    return this.#table.all(group)
  }

  /** Whether anything is known of the group. */
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

  /** With all its offsets. */
  deleteGroup(group: string): void {
    if (this.has(group)) this.#change({ removedGroups: [group] })
  }

  /** What all groups committed for it. */
  deleteTopic(topic: string): void {
    if (this.groups().some(group => this.all(group).has(topic))) this.#change({ removedTopics: [topic] })
  }

  #change(part: Partial<Change>): void {
    storing('writing committed offsets', () => {
      if (this.#file.size > this.#rewriteAtBytes) this.#shorten()
      if (this.#isSpoilt) this.#rewrite()
      this.#append(frameOf(part))
    })
    this.#table.apply({ offsets: [], removedOffsets: [], groups: [], removedGroups: [], removedTopics: [], ...part })
  }

  #append(frame: Buffer): void {
    try {
      this.#file.append([frame])
    } catch (error) {
      this.#isSpoilt = error instanceof TornFileError
      throw error
    }
    if (!this.#flushEachCommit) return
    this.#isSpoilt = true
    this.#file.sync()
    this.#isSpoilt = false
  }

  /** Where there is no room for a second file, the first one goes on growing. */
  #shorten(): void {
    try {
      this.#rewrite()
    } catch {
      this.#rewriteAtBytes = GROWTH * this.#file.size
    }
  }

  /** A file that holds what is known and nothing else takes the place of the present one. */
  #rewrite(): void {
    const frames = this.#table.asChanges(ENTRIES_A_FRAME).map(frameOf)
    const content = Buffer.concat([...frames])
    try {
      this.#folder.replace(OFFSETS_FILE, content)
    } catch (error) {
      this.#isSpoilt ||= this.#mayBeReplacedBy(content)
      throw error
    }
    this.#isSpoilt = true
    const file = this.#folder.open(OFFSETS_FILE)
    this.#file.close()
    this.#file = file
    this.#isSpoilt = false
    this.#rewriteAtBytes = Math.max(MIN_REWRITE_BYTES, GROWTH * content.length)
  }

  /** A replacement may fail after the new file has got the name, for one when the folder cannot be synced. */
  #mayBeReplacedBy(content: Buffer): boolean {
    try {
      return this.#folder.readWhole(OFFSETS_FILE)?.equals(content) ?? true
    } catch {
      return true
    }
  }

  /** Leaves nothing behind that the next start would have to read in vain. */
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
