import type { KafkaMessage } from 'kafkajs'
import type { DeadLetter, DeadLetters } from '../src/kafka/dead-letters.ts'
import { Backoff } from '../src/runtime/retry.ts'
import { wait } from '../src/runtime/wait.ts'
import type { Notes } from './notes.ts'

/** Of one request: clients may cause thousands at once. */
const AT_ONCE = 500
const MAX_REQUEST_BYTES = 256 * 1024
const FIRST_PAUSE_MS = 100
const MAX_PAUSE_MS = 5_000

interface Burial extends DeadLetter {
  readonly onWritten: () => void
}

/** Writes records to the dead-letter topic, each as often as it takes. Nothing else waits for that. */
export class Burials {
  readonly #deadLetters: Pick<DeadLetters, 'put' | 'putAll' | 'stop'>
  readonly #notes: Pick<Notes, 'write'>
  readonly #stopping = new AbortController()
  #waiting: Burial[] = []
  #running: Promise<void> | undefined

  constructor(deadLetters: Pick<DeadLetters, 'put' | 'putAll' | 'stop'>, notes: Pick<Notes, 'write'>) {
    this.#deadLetters = deadLetters
    this.#notes = notes
  }

  /** Calls `then` when the record is in the topic; not at all if that does not succeed before a stop: then it is read again. */
  bury(partition: number, message: KafkaMessage, reason: string, then: () => void): void {
    this.#notes.write('a record cannot be answered; writing it to the dead-letter topic', { partition, offset: message.offset, reason })
    this.#waiting.push({ partition, message, reason, onWritten: then })
    this.#running ??= this.#run()
  }

  /** What waits gets one more attempt, as long as the topic takes any. */
  async stop(): Promise<void> {
    this.#stopping.abort()
    await this.#running
    await this.#deadLetters.stop()
  }

  /** Never rejects. */
  async #run(): Promise<void> {
    const { signal } = this.#stopping
    const pause = new Backoff(FIRST_PAUSE_MS, MAX_PAUSE_MS)
    while (this.#waiting.length > 0) {
      const portion = this.#waiting.splice(0, countOf(this.#waiting))
      const isLast = signal.aborted
      const failed = await this.#writeAll(portion)
      if (failed.length < portion.length) pause.reset()
      if (isLast && failed.length === portion.length) break
      if (!isLast) this.#waiting.push(...failed) // the others do not wait for one that always fails
      if (failed.length > 0 && !isLast) await wait(pause.next(), signal)
    }
    this.#running = undefined
  }

  /** Those that were not written. */
  async #writeAll(portion: readonly Burial[]): Promise<readonly Burial[]> {
    const areWritten = await this.#deadLetters.putAll(portion).then(
      () => true,
      () => false, // one of them may be the reason
    )
    if (areWritten) {
      for (const { onWritten } of portion) onWritten()
      return []
    }
    const written = await Promise.all(portion.map(burial => this.#write(burial)))
    return portion.filter((_, index) => !written[index])
  }

  /** False if it was not written. */
  async #write({ partition, message, reason, onWritten }: Burial): Promise<boolean> {
    try {
      await this.#deadLetters.put(partition, message, reason)
    } catch (err) {
      this.#notes.write('a dead letter was not written; it is tried again, at the latest when its record is read again', {
        err,
        partition,
        offset: message.offset,
      })
      return false
    }
    onWritten()
    return true
  }
}

/** How many of the first go into one request: at least one. */
function countOf(waiting: readonly Burial[]): number {
  let [count, bytes] = [0, 0]
  for (const { message } of waiting) {
    bytes += (message.key?.length ?? 0) + (message.value?.length ?? 0)
    if (count > 0 && (count >= AT_ONCE || bytes > MAX_REQUEST_BYTES)) break
    count++
  }
  return count
}
