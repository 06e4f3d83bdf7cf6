import type { KafkaMessage } from 'kafkajs'
import { EventReader, type CountedEvent } from '../src/events/event-reader.ts'
import type { decode, Decoded } from '../src/events/event.ts'
import type { FetchedRecords } from '../src/events/fetched-records.ts'
import { traceOfRecord } from '../src/events/trace-of-record.ts'
import type { DeadLetters } from '../src/kafka/dead-letters.ts'
import type { PartitionOffsets } from '../src/kafka/offsets.ts'
import { unreadableBatch } from '../src/kafka/unreadable-records.ts'
import type { Logger } from '../src/runtime/logger.ts'
import type { Tracing } from '../src/tracing/tracing.ts'
import type { Flusher } from './flusher.ts'
import type { ProcessorMetrics } from './metrics.ts'

export interface RecordIntakeOptions {
  readonly flusher: Pick<Flusher, 'receive'>
  readonly deadLetters: Pick<DeadLetters, 'put'>
  readonly log: Logger
  readonly metrics: ProcessorMetrics
  /** Undefined: traces in the records are ignored. */
  readonly tracing?: Tracing | undefined
}

const LEGACY_LOGGED_EVERY_MS = 60_000

/** Takes records, one at a time: events go to the flusher, records that cannot be decoded to the dead-letter topic. */
export class RecordIntake {
  readonly #options: RecordIntakeOptions
  readonly #reader = new EventReader()
  #legacyLoggedMs = -Infinity
  #decode: typeof decode | undefined

  constructor(options: RecordIntakeOptions) {
    this.#options = options
  }

  /**
   * Takes one record of a partition, and notes it in the partition's offsets. A promise only where something has to be awaited:
   * most records are taken without a turn of the event loop. Rejects if Kafka does not accept a dead letter: read the record again.
   */
  take(partition: number, records: FetchedRecords, index: number, offsets: PartitionOffsets): Promise<void> | undefined {
    const event = records.eventAt(index)
    if (event === undefined) return this.#takeOther(partition, records.messageAt(index), offsets)
    this.#options.flusher.receive({ event, record: offsets.open(records.offsetAt(index)) })
    return undefined
  }

  /** Takes a record with headers, such as those of sampled pings, or of another form than the relay writes. */
  #takeOther(partition: number, message: KafkaMessage, offsets: PartitionOffsets): Promise<void> | undefined {
    const unreadable = unreadableBatch(message)
    if (unreadable === 'rest') {
      this.#options.metrics.received('undecodable')
      offsets.pass(Number(message.offset))
      return undefined
    }
    if (unreadable) return this.#takeDecoded(partition, message, { kind: 'undecodable', reason: unreadable.reason }, offsets)
    const { value } = message
    const event = value === null ? undefined : this.#reader.read(value, 0, value.length)
    if (event === undefined) return this.#decodeAndTake(partition, message, offsets)
    this.#receive(message, event, offsets)
    return undefined
  }

  /** The decoder for every form is loaded with the first record that needs it. */
  #decodeAndTake(partition: number, message: KafkaMessage, offsets: PartitionOffsets): Promise<void> | undefined {
    const decode = this.#decode
    if (decode === undefined) return this.#loadDecoder().then(() => this.#decodeAndTake(partition, message, offsets))
    return this.#takeDecoded(partition, message, decode(message.value), offsets)
  }

  #takeDecoded(partition: number, message: KafkaMessage, decoded: Decoded, offsets: PartitionOffsets): Promise<void> | undefined {
    const { metrics } = this.#options
    switch (decoded.kind) {
      case 'event':
        this.#receive(message, decoded.event, offsets)
        return undefined
      case 'legacy':
        metrics.received('legacy')
        this.#reportLegacy(partition, message.offset)
        offsets.pass(Number(message.offset))
        return undefined
      case 'undecodable':
        metrics.received('undecodable')
        return this.#putAside(partition, message, decoded.reason, offsets)
    }
  }

  #receive(message: KafkaMessage, event: CountedEvent, offsets: PartitionOffsets): void {
    const context = this.#options.tracing && traceOfRecord(message)
    const received = { event, record: offsets.open(Number(message.offset)) }
    this.#options.flusher.receive(context ? { ...received, trace: { context, receivedMs: Date.now() } } : received)
  }

  async #loadDecoder(): Promise<void> {
    this.#decode = (await import('../src/events/event.ts')).decode
  }

  async #putAside(partition: number, message: KafkaMessage, reason: string, offsets: PartitionOffsets): Promise<void> {
    await this.#options.deadLetters.put(partition, message, reason)
    offsets.pass(Number(message.offset)) // not before: if it failed the record is read again
  }

  #reportLegacy(partition: number, offset: string): void {
    const now = performance.now()
    if (now - this.#legacyLoggedMs < LEGACY_LOGGED_EVERY_MS) return
    this.#legacyLoggedMs = now
    this.#options.log.warn(
      { partition, offset },
      'the topic contains a record of the original producer: it is not in the ledger and is not counted; the metric ping_processor_records_total counts such records as legacy',
    )
  }
}
