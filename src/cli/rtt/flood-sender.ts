import type { Kafka } from 'kafkajs'
import { GatheringProducer, QueueFullError } from '../../kafka/gathering-producer.ts'
import type { OutgoingProbe } from './probe-messages.ts'
import type { SendOutcome } from './probe-sender.ts'
import { reasonOf, rootOf } from './send-failure.ts'

/** Sends as many probes as it can: those that come while a request is in flight go together in the next one. */
export class FloodSender {
  readonly #producer: GatheringProducer

  readonly #topic: string

  constructor({ kafka, acks, topic }: { readonly kafka: Kafka; readonly acks: -1 | 0 | 1; readonly topic: string }) {
    this.#topic = topic
    this.#producer = new GatheringProducer({ kafka, acks: acks === -1 ? 'all' : acks })
  }

  /** Rejects if no broker answers. */
  async start(): Promise<void> {
    await this.#producer.connect(this.#topic)
  }

  /** Never rejects. After a failure it is unknown which records of a request are written. */
  async send(record: OutgoingProbe): Promise<SendOutcome> {
    try {
      await this.#producer.send(record)
      return 'acked'
    } catch (error) {
      return { kind: error instanceof QueueFullError ? 'refused' : 'unknown', reason: reasonOf(rootOf(error)) }
    }
  }

  async stop(): Promise<void> {
    await this.#producer.stop()
  }
}
