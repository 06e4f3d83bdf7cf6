import { NEVER, type Change } from './offset-frames.ts'

/** The position of a group in a partition. */
export interface CommittedOffset {
  /** The offset of the next record to read. */
  readonly offset: bigint
  /** -1: unknown. */
  readonly leaderEpoch: number
  readonly metadata: string
  readonly committedAtMs: number
  /** Set if the client asked for a retention time. */
  readonly expiresAtMs: number | undefined
}

/** What is stored about a group in addition to its offsets, once it has had members. */
export interface GroupRecord {
  readonly protocolType: string
  readonly generation: number
  /** Undefined if it had members when this was written. */
  readonly emptySinceMs: number | undefined
}

type Partitions = Map<number, CommittedOffset>

export type GroupOffsets = ReadonlyMap<string, ReadonlyMap<number, CommittedOffset>>

const NO_OFFSETS: GroupOffsets = new Map()

/** The committed offsets after all changes so far. */
export class OffsetTable {
  readonly #offsets = new Map<string, Map<string, Partitions>>()
  readonly #records = new Map<string, GroupRecord>()
  #size = 0

  /** Number of offsets and groups. */
  get size(): number {
    return this.#size + this.#records.size
  }

  get(group: string, topic: string, partition: number): CommittedOffset | undefined {
    return this.#offsets.get(group)?.get(topic)?.get(partition)
  }

  all(group: string): GroupOffsets {
    return this.#offsets.get(group) ?? NO_OFFSETS
  }

  record(group: string): GroupRecord | undefined {
    return this.#records.get(group)
  }

  has(group: string): boolean {
    return this.#offsets.has(group) || this.#records.has(group)
  }

  groups(): string[] {
    return [...new Set([...this.#offsets.keys(), ...this.#records.keys()])]
  }

  apply(change: Change): void {
    for (const { group, topic, partition, ...committed } of change.offsets) this.#set(group, topic, partition, committed)
    for (const { group, protocolType, generation, emptySince } of change.groups) {
      this.#records.set(group, { protocolType, generation, emptySinceMs: optionalMs(emptySince) })
    }
    for (const { group, topic, partition } of change.removedOffsets) this.#remove(group, topic, partition)
    for (const group of change.removedGroups) this.#removeGroup(group)
    for (const topic of change.removedTopics) this.#removeTopic(topic)
  }

  #set(
    group: string,
    topic: string,
    partition: number,
    {
      offset,
      leaderEpoch,
      metadata,
      committedAt,
      expiresAt,
    }: Pick<Change['offsets'][number], 'offset' | 'leaderEpoch' | 'metadata' | 'committedAt' | 'expiresAt'>,
  ): void {
    const topics = this.#offsets.getOrInsertComputed(group, () => new Map<string, Partitions>())
    const partitions = topics.getOrInsertComputed(topic, () => new Map<number, CommittedOffset>())
    if (!partitions.has(partition)) this.#size++
    partitions.set(partition, { offset, leaderEpoch, metadata, committedAtMs: Number(committedAt), expiresAtMs: optionalMs(expiresAt) })
  }

  #remove(group: string, topic: string, partition: number): void {
    const partitions = this.#offsets.get(group)?.get(topic)
    if (!partitions?.delete(partition)) return
    this.#size--
    if (partitions.size === 0) this.#prune(group, topic)
  }

  #removeGroup(group: string): void {
    for (const partitions of this.#offsets.get(group)?.values() ?? []) this.#size -= partitions.size
    this.#offsets.delete(group)
    this.#records.delete(group)
  }

  #removeTopic(topic: string): void {
    for (const [group, topics] of this.#offsets) {
      this.#size -= topics.get(topic)?.size ?? 0
      if (topics.has(topic)) this.#prune(group, topic)
    }
  }

  #prune(group: string, topic: string): void {
    const topics = this.#offsets.get(group)
    topics?.delete(topic)
    if (topics?.size === 0) this.#offsets.delete(group)
  }

  /** Changes that create the current state from an empty table, each with at most `limit` entries. */
  *asChanges(limit: number): Generator<Partial<Change>> {
    for (const offsets of inChunks(this.#listOffsets(), limit)) yield { offsets }
    for (const groups of inChunks(this.#listRecords(), limit)) yield { groups }
  }

  *#listOffsets(): Generator<Change['offsets'][number]> {
    for (const [group, topics] of this.#offsets) {
      for (const [topic, partitions] of topics) {
        for (const [partition, { offset, leaderEpoch, metadata, committedAtMs, expiresAtMs }] of partitions) {
          yield {
            group,
            topic,
            partition,
            offset,
            leaderEpoch,
            metadata,
            committedAt: BigInt(committedAtMs),
            expiresAt: asInt64(expiresAtMs),
          }
        }
      }
    }
  }

  *#listRecords(): Generator<Change['groups'][number]> {
    for (const [group, { protocolType, generation, emptySinceMs }] of this.#records) {
      yield { group, protocolType, generation, emptySince: asInt64(emptySinceMs) }
    }
  }
}

function* inChunks<Item>(items: Iterable<Item>, limit: number): Generator<Item[]> {
  let chunk: Item[] = []
  for (const item of items) {
    chunk.push(item)
    if (chunk.length < limit) continue
    yield chunk
    chunk = []
  }
  if (chunk.length > 0) yield chunk
}

export function asInt64(ms: number | undefined): bigint {
  return ms === undefined ? NEVER : BigInt(ms)
}

function optionalMs(value: bigint): number | undefined {
  return value === NEVER ? undefined : Number(value)
}
