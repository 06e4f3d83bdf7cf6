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
  /** The topic of lines that name none. */
  readonly topic: string
  /** Whether other topics come into being when a line names them. */
  readonly isAutoCreateEnabled: boolean
  /** Longest line, and largest batch (`message.max.bytes`). */
  readonly maxLineBytes: number
  /** Milliseconds since 1970. */
  readonly now: () => number
}

/** Puts lines into topics. */
export class Publisher {
  readonly #options: PublisherOptions

  constructor(options: PublisherOptions) {
    this.#options = options
  }

  /**
   * Publishes `text` as the value of a record without a key. One client's messages to a topic go into one partition, so that they
   * stay in order. What is returned is to be waited for before the client is told. Throws `LineError` or `ProtocolError`.
   */
  publish(topic: string | undefined, text: Buffer, clientNumber: number): Promise<void> | undefined {
    const { partitions } = topic === undefined ? this.#ownTopic() : this.#namedTopic(topic)
    const log = partitions[clientNumber % partitions.length]
    if (log === undefined) throw new ProtocolError(ERROR.UNKNOWN_TOPIC_OR_PARTITION, `the topic ${shown(topic ?? '')} has no partitions`)
    const { appender } = this.#options
    appender.append(log, this.#batch(text))
    return appender.flushed(log)
  }

  /** A line may be as long as a batch, but a batch takes some bytes besides: UTF-8 text always leaves room for them when compressed. */
  #batch(text: Buffer): Buffer {
    const { now, maxLineBytes } = this.#options
    const records = [{ value: text }]
    const timestamp = BigInt(now())
    const batch = encodeBatch(records, { timestamp })
    return batch.length <= maxLineBytes ? batch : encodeBatch(records, { timestamp, isGzipped: true })
  }

  /** One partition: whoever reads it has all its lines in order. */
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
