import type { KafkaMessage } from 'kafkajs'
import { PackedRecords } from '../kafka/packed-records.ts'
import { EventReader, type CountedEvent } from './event-reader.ts'

/** The records of one fetch from one partition, in the order of their offsets. */
export interface FetchedRecords {
  readonly length: number
  /** Offsets stay far below 2^53. */
  offsetAt(index: number): number
  /** The record's event; undefined if its value is not in the relay's form, or if it has headers. Then use `messageAt`. */
  eventAt(index: number): CountedEvent | undefined
  messageAt(index: number): KafkaMessage
}

/** The records in the messages of a batch from a kafkajs consumer, packed or not. */
export function fetchedRecords(messages: readonly KafkaMessage[] | PackedRecords): FetchedRecords {
  return messages instanceof PackedRecords ? new PackedEvents(messages) : new PlainRecords(messages)
}

/** Records that stay in the bytes of the fetch. */
class PackedEvents implements FetchedRecords {
  readonly #records: PackedRecords
  readonly length: number
  readonly #read: EventReader['read']

  constructor(records: PackedRecords) {
    this.#records = records
    this.length = records.length
    const reader = new EventReader()
    this.#read = (bytes, from, to) => reader.read(bytes, from, to)
  }

  offsetAt(index: number): number {
    return this.#records.offsetAt(index)
  }

  eventAt(index: number): CountedEvent | undefined {
    return this.#records.readValue(index, this.#read)
  }

  messageAt(index: number): KafkaMessage {
    return this.#records.messageAt(index)
  }
}

/** Messages that kafkajs has decoded, such as those of a compressed batch. */
class PlainRecords implements FetchedRecords {
  readonly #messages: readonly KafkaMessage[]
  readonly #reader = new EventReader()

  constructor(messages: readonly KafkaMessage[]) {
    this.#messages = messages
  }

  get length(): number {
    return this.#messages.length
  }

  offsetAt(index: number): number {
    return Number(this.messageAt(index).offset)
  }

  eventAt(index: number): CountedEvent | undefined {
    const { value, headers } = this.messageAt(index)
    if (value === null || (headers !== undefined && Object.keys(headers).length > 0)) return undefined
    return this.#reader.read(value, 0, value.length)
  }

  messageAt(index: number): KafkaMessage {
    return this.#messages[index]!
  }
}
