import kafkajs, { type Kafka, type Message } from 'kafkajs'
import { wait } from '../../../src/runtime/wait.ts'
import type { Random } from '../../support/random.ts'
import { drawSizes, numberedValue } from './numbered-values.ts'
import { nameOf, type Partition, type Place, type Worker } from './place.ts'

export interface KafkajsProducerOptions {
  readonly name: string
  readonly place: Place
  readonly random: Random
  /** All partitions of one topic. */
  readonly partitions: readonly Partition[]
  readonly isIdempotent: boolean
}

const { Kafka: KafkaClient, logLevel } = kafkajs
export const RETRY = { initialRetryTime: 20, maxRetryTime: 60, retries: 10_000 }
const ALL_REPLICAS = -1

export function patientKafka({ broker }: Place): Kafka {
  return new KafkaClient({
    clientId: 'crash',
    brokers: [broker],
    logLevel: logLevel.NOTHING,
    retry: RETRY,
    connectionTimeout: 500,
    requestTimeout: 5_000,
  })
}

const AGAIN_AFTER_MS = 20

/** kafkajs retries by itself, but not everywhere. */
export async function untilDone(attempt: () => Promise<unknown>): Promise<void> {
  for (;;) {
    try {
      await attempt()
      return
    } catch (error) {
      if (!(error instanceof kafkajs.KafkaJSError)) throw error
      await wait(AGAIN_AFTER_MS)
    }
  }
}

/** kafkajs as an application uses it, one `send` at a time. */
export class KafkajsProducer implements Worker {
  readonly name: string
  readonly violations: string[] = []
  acks = 0
  readonly #options: KafkajsProducerOptions
  readonly #numbers = new Map<string, number>()

  constructor(options: KafkajsProducerOptions) {
    this.#options = options
    this.name = options.name
  }

  sent(partition: Partition): number {
    return this.#numbers.get(nameOf(partition)) ?? 0
  }

  async run(): Promise<void> {
    const { place, isIdempotent, partitions } = this.#options
    const producer = patientKafka(place).producer({
      idempotent: isIdempotent,
      maxInFlightRequests: 1,
      retry: RETRY,
      createPartitioner: kafkajs.Partitioners.DefaultPartitioner,
    })
    await untilDone(() => producer.connect())
    while (!place.ending.aborted) {
      const messages = this.#draw()
      await untilDone(() => producer.send({ topic: partitions[0]?.topic ?? '', acks: ALL_REPLICAS, messages }))
      this.acks++
    }
    await producer.disconnect()
  }

  #draw(): Message[] {
    const { random, partitions } = this.#options
    return drawSizes(random).map(bytes => {
      const partition = random.pick(partitions)
      const number = this.sent(partition)
      this.#numbers.set(nameOf(partition), number + 1)
      return { partition: partition.partition, value: numberedValue(this.name, number, bytes) }
    })
  }
}
