import { Partitioners, type Kafka, type Message, type Producer } from 'kafkajs'
import { wait } from '../../../src/runtime/wait.ts'

const PAUSE_MS = 5
const TRY_AGAIN_AFTER_MS = 100
const MAX_BATCH = 1_000

/** Sends records to one topic in their order, and again until the broker has them: after a failure they may be there twice. */
export class RecordSender {
  readonly #producer: Producer
  readonly #topic: string
  readonly #waiting: Message[] = []
  #on = true
  #loop: Promise<void> = Promise.resolve()

  constructor(kafka: Kafka, topic: string) {
    this.#producer = kafka.producer({ createPartitioner: Partitioners.DefaultPartitioner, retry: { retries: 2 } })
    this.#topic = topic
  }

  async start(): Promise<void> {
    await this.#producer.connect()
    this.#loop = this.#run()
  }

  add(message: Message): void {
    this.#waiting.push(message)
  }

  /** Sends what waits, and ends. */
  async stop(): Promise<void> {
    this.#on = false
    await this.#loop
    await this.#producer.disconnect()
  }

  async #run(): Promise<void> {
    while (this.#on || this.#waiting.length > 0) {
      const messages = this.#waiting.splice(0, MAX_BATCH)
      if (messages.length > 0) await this.#send(messages)
      await wait(PAUSE_MS)
    }
  }

  async #send(messages: Message[]): Promise<void> {
    for (;;) {
      try {
        await this.#producer.send({ topic: this.#topic, messages, acks: -1, timeout: 5_000 })
        return
      } catch {
        await wait(TRY_AGAIN_AFTER_MS)
      }
    }
  }
}
