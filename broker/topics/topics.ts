import { randomBytes } from 'node:crypto'
import { ERROR, ProtocolError } from '../errors.ts'
import type { Folder } from '../log/folder.ts'
import { PartitionLog, type LogSettings } from '../log/partition-log.ts'
import { checkTopicName, LONGEST_NAME, foldedName } from './names.ts'
import { readTopicList, writeTopicList, type TopicEntry } from './topic-file.ts'
import type { Topic } from './topic.ts'

export interface TopicsOptions {
  readonly folder: Folder
  /** The settings of a log, from what was set for its topic. */
  readonly logSettings: (configs: ReadonlyMap<string, string>) => LogSettings
  /** How many partitions a topic gets that does not say. */
  readonly defaultPartitions: number
  /** Milliseconds since 1970. */
  readonly now: () => number
}

export interface NewTopic {
  readonly partitions?: number
  readonly configs?: ReadonlyMap<string, string>
}

/** All topics may have so many partitions together: each is a folder and an open file. */
export const MOST_PARTITIONS = 10_000
const TOPIC_ID_BYTES = 16

/** The topics of this broker. What is asked of it is on disk before it returns. */
export class Topics {
  readonly #options: TopicsOptions
  readonly #topics = new Map<string, MutableTopic>()
  /** The names of the topics by their folded names. */
  readonly #folded = new Map<string, string>()
  readonly #onDelete: ((topic: Topic) => void)[] = []

  private constructor(options: TopicsOptions) {
    this.#options = options
  }

  /** Opens the logs of all topics, and ends the deletions that were cut short. */
  static open(options: TopicsOptions): Topics {
    const topics = new Topics(options)
    const { topics: entries, deleting } = readTopicList(options.folder)
    for (const entry of deleting) topics.#removeFolders(entry.name, entry.partitions)
    for (const entry of entries) topics.#add(entry)
    if (deleting.length > 0) topics.#save()
    return topics
  }

  get(name: string): Topic | undefined {
    return this.#topics.get(name)
  }

  byId(id: Buffer): Topic | undefined {
    return this.all().find(topic => topic.id.equals(id))
  }

  all(): readonly Topic[] {
    return [...this.#topics.values()]
  }

  /** Throws UNKNOWN_TOPIC_OR_PARTITION unless there is such a partition. */
  partition(name: string, index: number): PartitionLog {
    const log = this.#topics.get(name)?.partitions[index]
    if (log === undefined) throw new ProtocolError(ERROR.UNKNOWN_TOPIC_OR_PARTITION, `got ${name.slice(0, LONGEST_NAME)}-${index}, expected a topic and partition of this broker`)
    return log
  }

  /** Throws what `create` would throw for these, and changes nothing. */
  checkNew(name: string, { partitions = this.#options.defaultPartitions }: NewTopic = {}): void {
    checkTopicName(name)
    if (this.#topics.has(name)) throw new ProtocolError(ERROR.TOPIC_ALREADY_EXISTS, `Topic '${name}' already exists.`)
    const other = this.#folded.get(foldedName(name))
    if (other !== undefined) throw new ProtocolError(ERROR.INVALID_TOPIC_EXCEPTION, `Topic '${name}' collides with existing topics: ${other}`)
    this.#checkCount(partitions)
  }

  create(name: string, given: NewTopic = {}): Topic {
    this.checkNew(name, given)
    const { partitions = this.#options.defaultPartitions, configs = new Map<string, string>() } = given
    const entry = { name, id: randomBytes(TOPIC_ID_BYTES).toString('hex'), partitions, configs: Object.fromEntries(configs) }
    this.#save([...this.#entries(), entry])
    return this.#add(entry)
  }

  /** Throws INVALID_PARTITIONS unless `count` is more than there are; `isOnlyChecked` changes nothing. */
  addPartitions(topic: Topic, count: number, { isOnlyChecked = false } = {}): void {
    const had = topic.partitions.length
    if (count <= had) {
      const is = count === had ? `already has ${had} partition(s)` : `currently has ${had} partition(s), which is higher than the requested ${count}`
      throw new ProtocolError(ERROR.INVALID_PARTITIONS, `Topic ${is}.`)
    }
    this.#checkCount(count - had)
    if (isOnlyChecked) return
    const kept = this.#mutable(topic)
    this.#save(this.#entries().map(entry => (entry.name === topic.name ? { ...entry, partitions: count } : entry)))
    for (let index = had; index < count; index++) kept.partitions.push(this.#openLog(kept, index))
  }

  /** Replaces what was set for this topic. */
  setConfigs(topic: Topic, configs: ReadonlyMap<string, string>): void {
    const kept = this.#mutable(topic)
    this.#save(this.#entries().map(entry => (entry.name === topic.name ? { ...entry, configs: Object.fromEntries(configs) } : entry)))
    kept.configs = configs
  }

  /** The topic is gone when this returns; its folders are removed now or, after a crash, at the next start. */
  delete(topic: Topic): void {
    const kept = this.#mutable(topic)
    const rest = this.#entries().filter(entry => entry.name !== topic.name)
    const deleting = { name: topic.name, partitions: topic.partitions.length }
    writeTopicList(this.#options.folder, { topics: rest, deleting: [deleting] })
    this.#topics.delete(topic.name)
    this.#folded.delete(foldedName(topic.name))
    for (const log of kept.partitions) log.close()
    this.#removeFolders(deleting.name, deleting.partitions)
    this.#save()
    for (const told of this.#onDelete) told(topic)
  }

  /** `told` is called with each topic that was deleted. */
  onDelete(told: (topic: Topic) => void): void {
    this.#onDelete.push(told)
  }

  close(): void {
    for (const topic of this.all()) for (const log of topic.partitions) log.close()
  }

  #checkCount(more: number): void {
    const had = this.all().reduce((sum, topic) => sum + topic.partitions.length, 0)
    if (more < 1) throw new ProtocolError(ERROR.INVALID_PARTITIONS, `Number of partitions: got ${more}, expected 1 or more`)
    if (had + more > MOST_PARTITIONS) {
      throw new ProtocolError(ERROR.INVALID_PARTITIONS, `Number of partitions: got ${more} besides ${had}, expected at most ${MOST_PARTITIONS} in all`)
    }
  }

  #mutable(topic: Topic): MutableTopic {
    const kept = this.#topics.get(topic.name)
    if (kept !== topic) throw new ProtocolError(ERROR.UNKNOWN_TOPIC_OR_PARTITION, `the topic ${topic.name} was deleted`)
    return kept
  }

  #add(entry: TopicEntry): Topic {
    const configs = new Map(Object.entries(entry.configs))
    const topic: MutableTopic = { name: entry.name, id: Buffer.from(entry.id, 'hex'), partitions: [], configs }
    for (let index = 0; index < entry.partitions; index++) topic.partitions.push(this.#openLog(topic, index))
    this.#topics.set(topic.name, topic)
    this.#folded.set(foldedName(topic.name), topic.name)
    return topic
  }

  #openLog(topic: MutableTopic, index: number): PartitionLog {
    const { folder, now, logSettings } = this.#options
    // Asked at each use: settings of a topic change while its logs are open.
    let [of, settings] = [topic.configs, logSettings(topic.configs)]
    return PartitionLog.open({
      folder: folder.folder(partitionFolder(topic.name, index)),
      now,
      settings: () => {
        if (of !== topic.configs) [of, settings] = [topic.configs, logSettings(topic.configs)]
        return settings
      },
    })
  }

  #entries(): TopicEntry[] {
    return this.all().map(({ name, id, partitions, configs }) => ({
      name,
      id: id.toString('hex'),
      partitions: partitions.length,
      configs: Object.fromEntries(configs),
    }))
  }

  #save(topics = this.#entries()): void {
    writeTopicList(this.#options.folder, { topics, deleting: [] })
  }

  #removeFolders(name: string, partitions: number): void {
    for (let index = 0; index < partitions; index++) this.#options.folder.remove(partitionFolder(name, index))
  }
}

interface MutableTopic extends Topic {
  readonly partitions: PartitionLog[]
  configs: ReadonlyMap<string, string>
}

function partitionFolder(topic: string, partition: number): string {
  return `${topic}-${partition}`
}
