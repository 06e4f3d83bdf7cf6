import { randomBytes } from 'node:crypto'
import { closeAll } from '../close-all.ts'
import { ERROR, ProtocolError } from '../errors.ts'
import type { Folder } from '../log/folder.ts'
import { PartitionLog, type LogSettings } from '../log/partition-log.ts'
import { storageError, storing } from '../log/storage-error.ts'
import { checkTopicName, MAX_NAME_LENGTH, foldedName } from './names.ts'
import { readTopicList, writeTopicList, type Deletion, type TopicEntry } from './topic-file.ts'
import type { Topic } from './topic.ts'

export interface TopicsOptions {
  readonly folder: Folder
  /** The settings of a log, computed from the settings of its topic. */
  readonly logSettings: (configs: ReadonlyMap<string, string>) => LogSettings
  /** Number of partitions of a topic that is created without one. */
  readonly defaultPartitions: number
  /** Milliseconds since 1970. */
  readonly now: () => number
  /** Called with an error that no caller gets. */
  readonly failed: (error: unknown, what: string) => void
}

export interface NewTopic {
  readonly partitions?: number
  readonly configs?: ReadonlyMap<string, string>
}

/** The maximum number of partitions of all topics together: each takes a folder and an open file. */
const MAX_PARTITIONS = 10_000
const TOPIC_ID_BYTES = 16

/** The topics of this broker. Every change is on disk before the method returns. */
export class Topics {
  readonly #options: TopicsOptions
  readonly #topics = new Map<string, MutableTopic>()
  /** The names of the topics by their folded names. */
  readonly #folded = new Map<string, string>()
  readonly #byId = new Map<string, MutableTopic>()
  /** Deleted topics of which some files may still exist. */
  readonly #deleting: Deletion[] = []
  readonly #onDelete: ((name: string, partitions: readonly PartitionLog[]) => void)[] = []

  private constructor(options: TopicsOptions) {
    this.#options = options
  }

  /** Opens the logs of all topics. Call `finishDeletions` afterwards to complete interrupted deletions. */
  static open(options: TopicsOptions): Topics {
    const topics = new Topics(options)
    const { topics: entries, deleting } = readTopicList(options.folder)
    topics.#deleting.push(...deleting)
    for (const entry of entries) topics.#add(topicOf(entry), entry.partitions)
    return topics
  }

  get(name: string): Topic | undefined {
    return this.#topics.get(name)
  }

  byId(id: Buffer): Topic | undefined {
    return this.#byId.get(id.toString('hex'))
  }

  all(): readonly Topic[] {
    return [...this.#topics.values()]
  }

  /** Throws UNKNOWN_TOPIC_OR_PARTITION if the partition does not exist. */
  partition(name: string, index: number): PartitionLog {
    const log = this.#topics.get(name)?.partitions[index]
    if (log === undefined)
      throw new ProtocolError(
        ERROR.UNKNOWN_TOPIC_OR_PARTITION,
        `got ${name.slice(0, MAX_NAME_LENGTH)}-${index}, expected a topic and partition of this broker`,
      )
    return log
  }

  /** Throws what `create` would throw, and changes nothing. */
  checkNew(name: string, { partitions = this.#options.defaultPartitions }: NewTopic = {}): void {
    checkTopicName(name)
    if (this.#topics.has(name)) throw new ProtocolError(ERROR.TOPIC_ALREADY_EXISTS, `Topic '${name}' already exists.`)
    const other = this.#folded.get(foldedName(name))
    if (other !== undefined)
      throw new ProtocolError(ERROR.INVALID_TOPIC_EXCEPTION, `Topic '${name}' collides with existing topics: ${other}`)
    this.#checkCount(partitions)
  }

  create(name: string, given: NewTopic = {}): Topic {
    this.checkNew(name, given)
    const { partitions = this.#options.defaultPartitions, configs = new Map<string, string>() } = given
    for (const entry of this.#deleting.filter(deleted => deleted.name === name)) this.#finishDeletion(entry)
    const entry = { name, id: randomBytes(TOPIC_ID_BYTES).toString('hex'), partitions, configs: Object.fromEntries(configs) }
    const topic = topicOf(entry)
    this.#openNew(topic, 0, partitions, () => this.#save([...this.#entries(), entry]))
    this.#list(topic)
    return topic
  }

  /** Throws INVALID_PARTITIONS unless `count` is higher than the current number; `isOnlyChecked`: changes nothing. */
  addPartitions(topic: Topic, count: number, { isOnlyChecked = false } = {}): void {
    const had = topic.partitions.length
    if (count <= had) {
      const is =
        count === had ? `already has ${had} partition(s)` : `currently has ${had} partition(s), which is higher than the requested ${count}`
      throw new ProtocolError(ERROR.INVALID_PARTITIONS, `Topic ${is}.`)
    }
    this.#checkCount(count - had)
    if (isOnlyChecked) return
    const kept = this.#mutable(topic)
    const listed = this.#entries().map(entry => (entry.name === topic.name ? { ...entry, partitions: count } : entry))
    this.#openNew(kept, had, count, () => this.#save(listed))
  }

  /** Replaces the settings of this topic. */
  setConfigs(topic: Topic, configs: ReadonlyMap<string, string>): void {
    const kept = this.#mutable(topic)
    this.#save(this.#entries().map(entry => (entry.name === topic.name ? { ...entry, configs: Object.fromEntries(configs) } : entry)))
    kept.configs = configs
  }

  /** The topic is deleted when this returns. If its files cannot be removed, that is tried again when its name is reused and at the next start. */
  delete(topic: Topic): void {
    const kept = this.#mutable(topic)
    const entry = { name: topic.name, partitions: topic.partitions.length }
    this.#deleting.push(entry)
    try {
      this.#save(this.#entries().filter(({ name }) => name !== topic.name))
    } catch (error) {
      this.#deleting.pop()
      throw error
    }
    this.#topics.delete(topic.name)
    this.#folded.delete(foldedName(topic.name))
    this.#byId.delete(topic.id.toString('hex'))
    for (const log of kept.partitions) log.discard()
    this.#tryToFinish(entry, kept.partitions)
  }

  /** Completes the deletions that a crash interrupted. */
  finishDeletions(): void {
    for (const entry of this.#deleting.slice()) this.#tryToFinish(entry)
  }

  /** `notify` is called for each deleted topic, before its name can be used again. */
  onDelete(notify: (name: string, partitions: readonly PartitionLog[]) => void): void {
    this.#onDelete.push(notify)
  }

  /** Closes all logs, even if some fail; throws the first error. */
  close(): void {
    closeAll(this.all().flatMap(({ partitions }) => partitions.map(log => () => log.close())))
  }

  #tryToFinish(entry: Deletion, logs: readonly PartitionLog[] = []): void {
    try {
      this.#finishDeletion(entry, logs)
    } catch (error) {
      this.#options.failed(error, `could not remove the files of the deleted topic ${entry.name}`)
    }
  }

  #finishDeletion(entry: Deletion, logs: readonly PartitionLog[] = []): void {
    for (const notify of this.#onDelete) notify(entry.name, logs)
    storing('removing a topic', () => {
      for (let index = 0; index < entry.partitions; index++) this.#options.folder.remove(partitionFolder(entry.name, index))
    })
    this.#deleting.splice(this.#deleting.indexOf(entry), 1)
    this.#save()
  }

  #checkCount(more: number): void {
    const had = this.all().reduce((sum, topic) => sum + topic.partitions.length, 0)
    if (more < 1) throw new ProtocolError(ERROR.INVALID_PARTITIONS, `Number of partitions: got ${more}, expected 1 or more`)
    if (had + more > MAX_PARTITIONS) {
      throw new ProtocolError(
        ERROR.INVALID_PARTITIONS,
        `Number of partitions: got ${more} in addition to ${had}, expected at most ${MAX_PARTITIONS} in total`,
      )
    }
  }

  #mutable(topic: Topic): MutableTopic {
    const kept = this.#topics.get(topic.name)
    if (kept !== topic) throw new ProtocolError(ERROR.UNKNOWN_TOPIC_OR_PARTITION, `the topic ${topic.name} was deleted`)
    return kept
  }

  #add(topic: MutableTopic, partitions: number): void {
    for (let index = 0; index < partitions; index++) topic.partitions.push(this.#openLog(topic, index))
    this.#list(topic)
  }

  #list(topic: MutableTopic): void {
    this.#topics.set(topic.name, topic)
    this.#folded.set(foldedName(topic.name), topic.name)
    this.#byId.set(topic.id.toString('hex'), topic)
  }

  /** Adds new partitions, which exist once `save` has returned. Files of an older topic are removed first. */
  #openNew(topic: MutableTopic, from: number, to: number, save: () => void): void {
    const opened: PartitionLog[] = []
    try {
      for (let index = from; index < to; index++) {
        storing('creating a partition', () => this.#options.folder.remove(partitionFolder(topic.name, index)))
        opened.push(this.#openLog(topic, index))
      }
      save()
    } catch (error) {
      for (const log of opened) log.discard()
      throw error
    }
    topic.partitions.push(...opened)
  }

  #openLog(topic: MutableTopic, index: number): PartitionLog {
    const { folder, now, logSettings } = this.#options
    // Checked at each use, since the settings of a topic may change while its logs are open.
    let [of, settings] = [topic.configs, logSettings(topic.configs)]
    const name = partitionFolder(topic.name, index)
    const own = storing('creating a partition', () => folder.folder(name))
    try {
      return PartitionLog.open({
        folder: own,
        now,
        settings: () => {
          if (of !== topic.configs) [of, settings] = [topic.configs, logSettings(topic.configs)]
          return settings
        },
      })
    } catch (error) {
      throw error instanceof ProtocolError ? storageError(`opening the log in ${name}`, error.cause ?? error) : error
    }
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
    storing('writing the list of topics', () => writeTopicList(this.#options.folder, { topics, deleting: this.#deleting }))
  }
}

interface MutableTopic extends Topic {
  readonly partitions: PartitionLog[]
  configs: ReadonlyMap<string, string>
}

function topicOf({ name, id, configs }: TopicEntry): MutableTopic {
  return { name, id: Buffer.from(id, 'hex'), partitions: [], configs: new Map(Object.entries(configs)) }
}

function partitionFolder(topic: string, partition: number): string {
  return `${topic}-${partition}`
}
