import { ERROR, ProtocolError } from '../errors.ts'
import type { Appender } from '../produce/appender.ts'
import { encodeBatch } from '../records/records.ts'
import { checkCreatable, checkWritable } from '../topics/names.ts'
import type { Topic } from '../topics/topic.ts'
import type { Topics } from '../topics/topics.ts'
import { LineError } from './commands.ts'
import { shown } from './replies.ts'

export interface PublisherOptions {
  readonly topics: Pick<Topics, 'get' | 'create'>
  readonly appender: Pick<Appender, 'append' | 'flushed'>
  /** The topic of lines without a topic. */
  readonly topic: string
  /** Whether other topics are created when a line names them. */
  readonly isAutoCreateEnabled: boolean
  /** The maximum length of a line and of a batch (`message.max.bytes`). */
  readonly maxLineBytes: number
  /** ms since the Unix epoch. */
  readonly now: () => number
}

/** Publishes lines to topics. */
export class Publisher {
  readonly #options: PublisherOptions

  constructor(options: PublisherOptions) {
    this.#options = options
  }

  /**
   * Publishes `text` as the value of a record without a key. One client's messages to a topic go to one partition, so that they
   * stay in order. The caller must wait for the result before it answers the client. Throws `LineError` or `ProtocolError`.
   */
  publish(topic: string | undefined, text: Buffer, clientNumber: number): Promise<void> | undefined {
    const { partitions } = topic === undefined ? this.#ownTopic() : this.#namedTopic(topic)
    const log = partitions[clientNumber % partitions.length]
    if (log === undefined) throw new ProtocolError(ERROR.UNKNOWN_TOPIC_OR_PARTITION, `the topic ${shown(topic ?? '')} has no partitions`)
    const { appender } = this.#options
    appender.append(log, this.#batch(text))
    return appender.flushed(log)
  }

  /** A line may be as long as a batch, but a batch has some extra bytes: compression always makes room for them in UTF-8 text. */
  #batch(text: Buffer): Buffer {
    const { now, maxLineBytes } = this.#options
    const records = [{ value: text }]
    const timestamp = BigInt(now())
    const batch = encodeBatch(records, { timestamp })
    return batch.length <= maxLineBytes ? batch : encodeBatch(records, { timestamp, isGzipped: true })
  }

  /** One partition, so that a reader gets all lines in order. */
  #ownTopic(): Topic {
    const { topics, topic } = this.#options
    return topics.get(topic) ?? topics.create(topic, { partitions: 1 })
  }

  #namedTopic(name: string): Topic {
    const { topics, topic, isAutoCreateEnabled } = this.#options
    checkWritable(name)
    checkCreatable(name)
    if (name === topic) return this.#ownTopic()
    const known = topics.get(name)
    if (known) return known
    if (!isAutoCreateEnabled) throw unknownTopic(name)
    return topics.create(name)
  }
}

export function unknownTopic(name: string): LineError {
  return new LineError(`topic: got ${shown(name)}, which does not exist, expected one that t lists`)
}
