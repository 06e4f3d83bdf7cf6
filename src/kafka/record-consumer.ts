import { Backoff } from '../runtime/retry.ts'
import { wait } from '../runtime/wait.ts'
import { ConsumerLife } from './consumer-life.ts'
import type { RecordConsumerOptions } from './record-consumer-options.ts'

const FIRST_PAUSE_MS = 200
const MAX_PAUSE_MS = 5_000

/**
 * Reads topics as a member of a consumer group, and commits what is done. It consists of lives of a kafkajs consumer, one after the
 * other: each ends with the first failure, and the next one starts after a pause.
 */
export class RecordConsumer {
  readonly #options: RecordConsumerOptions
  readonly #stopping = new AbortController()
  #running: Promise<void> = Promise.resolve()

  constructor(options: RecordConsumerOptions) {
    this.#options = options
  }

  start(): void {
    this.#running = this.#runUntilStopped()
  }

  /** Commits once more what is done, and leaves the group, so that other members take over at once. */
  async stop(): Promise<void> {
    this.#stopping.abort()
    await this.#running
  }

  async #runUntilStopped(): Promise<void> {
    const { ready, log, onReleased, onFailed } = this.#options
    const { signal } = this.#stopping
    const pause = new Backoff(FIRST_PAUSE_MS, MAX_PAUSE_MS)
    if (ready) await Promise.race([ready, new Promise(resolve => signal.addEventListener('abort', resolve))])
    while (!signal.aborted) {
      try {
        await new ConsumerLife(this.#options, signal, () => pause.reset()).run()
      } catch (err) {
        if (!signal.aborted) {
          log.warn({ err }, 'consumer: failed, starting again')
          onFailed?.()
        }
      }
      onReleased?.()
      await wait(pause.next(), signal)
    }
  }
}
