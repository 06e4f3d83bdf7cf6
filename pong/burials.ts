import type { KafkaMessage } from 'kafkajs'
import type { DeadLetters } from '../src/kafka/dead-letters.ts'
import type { Logger } from '../src/runtime/logger.ts'
import { retry } from '../src/runtime/retry.ts'
import type { Notes } from './notes.ts'

/** Writes records to the dead-letter topic, each as often as it takes. Nothing else waits for that. */
export class Burials {
  readonly #deadLetters: Pick<DeadLetters, 'put' | 'stop'>
  readonly #log: Logger
  readonly #notes: Notes
  readonly #stopping = new AbortController()
  readonly #pending = new Set<Promise<void>>()

  constructor(deadLetters: Pick<DeadLetters, 'put' | 'stop'>, log: Logger, notes: Notes) {
    this.#deadLetters = deadLetters
    this.#notes = notes
    this.#log = log
  }

  /** Calls `then` when the record is in the topic; not at all if that does not succeed before a stop: then it is read again. */
  bury(partition: number, message: KafkaMessage, reason: string, then: () => void): void {
    this.#notes.write('a record cannot be answered; writing it to the dead-letter topic', { partition, offset: message.offset, reason })
    const buried = this.#bury(partition, message, reason, then)
    this.#pending.add(buried)
    void buried.finally(() => this.#pending.delete(buried))
  }

  /** Each of them gets one more attempt. */
  async stop(): Promise<void> {
    this.#stopping.abort()
    await Promise.all(this.#pending)
    await this.#deadLetters.stop()
  }

  /** Never rejects. */
  async #bury(partition: number, message: KafkaMessage, reason: string, then: () => void): Promise<void> {
    try {
      await retry(() => this.#deadLetters.put(partition, message, reason), {
        what: 'dead letter',
        log: this.#log,
        signal: this.#stopping.signal,
      })
      then()
    } catch (err) {
      this.#log.warn({ err, partition, offset: message.offset }, 'dead letter: not written; the record will be read again')
    }
  }
}
