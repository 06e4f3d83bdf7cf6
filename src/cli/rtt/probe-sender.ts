import { Partitioners, type Kafka, type Message, type Producer } from 'kafkajs'
import { wait } from '../../runtime/wait.ts'
import type { OutgoingProbe } from './probe-messages.ts'
import { sendFailure, type SendFailure } from './send-failure.ts'

/** How a record ended: acknowledged, or why it is not. */
export type SendOutcome = 'acked' | SendFailure

export interface SenderOptions {
  readonly kafka: Kafka
  readonly acks: -1 | 0 | 1
  /** A record that no broker takes is tried again for this long, and is then given up. */
  readonly retryMs: number
  readonly topic: string
  /** Why no broker answers now, if that is known. */
  readonly trouble: () => string | undefined
}

/** A broker answers later than this only if it cannot write. */
const BROKER_TIMEOUT_MS = 5_000
const MIN_PAUSE_MS = 50
const MAX_PAUSE_MS = 1_000

/**
 * Sends each probe in a request of its own, and never writes one twice: a record is tried again only if it is certain that no broker
 * has it. So every duplicate is one that Kafka made. The producer has no retries: they would hide that, and which record failed.
 */
export class ProbeSender {
  readonly #options: SenderOptions
  readonly #producer: Producer
  readonly #stopping = new AbortController()
  /** Records that are being tried again. */
  #retrying = 0

  constructor(options: SenderOptions) {
    this.#options = options
    this.#producer = options.kafka.producer({
      allowAutoTopicCreation: false,
      createPartitioner: Partitioners.DefaultPartitioner, // each record names its partition
      retry: { retries: 0 },
    })
  }

  /** Rejects if no broker answers. Asks for the leaders, which the first probe would wait for. */
  async start(): Promise<void> {
    await this.#producer.connect()
    await this.#producer.send({ topic: this.#options.topic, messages: [] })
  }

  /** Never rejects. With acks=0 a record is `acked` as soon as it is sent. */
  async send(record: OutgoingProbe): Promise<SendOutcome> {
    const attempt = new Attempt(record)
    const expired = Promise.withResolvers<SendOutcome>()
    const { trouble, retryMs } = this.#options
    const timer = setTimeout(() => {
      // What kafkajs has built may reach the broker. Anything else is never written from now on.
      if (attempt.cancel()) expired.resolve({ kind: 'refused', reason: trouble() ?? attempt.reason ?? 'no connection to the leader' })
    }, retryMs)
    try {
      return await Promise.race([this.#sendUntilSure(attempt), expired.promise])
    } finally {
      clearTimeout(timer)
    }
  }

  async stop(): Promise<void> {
    this.#stopping.abort()
    await this.#producer.disconnect().catch(() => undefined)
  }

  async #sendUntilSure(attempt: Attempt): Promise<SendOutcome> {
    let outcome = await this.#sendOnce(attempt)
    if (outcome === 'acked' || outcome.kind !== 'again') return outcome
    this.#retrying++
    while (outcome !== 'acked' && outcome.kind === 'again' && !attempt.isCancelled && !this.#stopping.signal.aborted) {
      await wait(Math.min(MAX_PAUSE_MS, Math.max(MIN_PAUSE_MS, this.#retrying)), this.#stopping.signal)
      outcome = await this.#sendOnce(attempt)
    }
    this.#retrying--
    return outcome
  }

  async #sendOnce(attempt: Attempt): Promise<SendOutcome> {
    const { topic } = attempt.record
    try {
      const sent = this.#producer.send({ topic, acks: this.#options.acks, timeout: BROKER_TIMEOUT_MS, messages: [attempt.message()] })
      attempt.isEncoded = false // kafkajs reads the value at once, to check it, and again when it builds the request
      await sent
      return 'acked'
    } catch (error) {
      const failure = sendFailure(error, attempt.isEncoded)
      attempt.reason = failure.reason
      return failure
    }
  }
}

/** A record on its way through kafkajs. */
class Attempt {
  readonly record: OutgoingProbe
  /** kafkajs has built the request: it may reach the broker. */
  isEncoded = false
  /** Why the last try failed. */
  reason: string | undefined
  isCancelled = false

  constructor(record: OutgoingProbe) {
    this.record = record
  }

  /** False if it is too late: the record may be written. */
  cancel(): boolean {
    if (!this.isEncoded) this.isCancelled = true
    return this.isCancelled
  }

  message(): Message {
    const { partition, key, headers } = this.record
    const read = (): string => {
      if (this.isCancelled) throw new Error('the record is cancelled')
      this.isEncoded = true
      return this.record.value
    }
    return {
      partition,
      key,
      headers,
      get value() {
        return read()
      },
    }
  }
}
