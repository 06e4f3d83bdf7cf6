import type { KafkaMessage } from 'kafkajs'
import { EventReader, type CountedEvent } from './event-reader.ts'
import { PackedRecords } from './packed-records.ts'

/** The records of one fetch from one partition, in the order of their offsets. */
export interface FetchedRecords {
  readonly length: number
  /** Offsets stay far below 2^53. */
  offsetAt(index: number): number
  /** The record's event; undefined if its value is not as the relay writes it, or it has headers: look at the message then. */
  eventAt(index: number): CountedEvent | undefined
  messageAt(index: number): KafkaMessage
}

/** What a batch of a kafkajs consumer has as its messages, however they were read. */
export function fetchedRecords(messages: readonly KafkaMessage[] | PackedRecords): FetchedRecords {
  return messages instanceof PackedRecords ? messages : new PlainRecords(messages)
}

/** Messages that kafkajs has taken apart, such as those of a compressed batch. */
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
