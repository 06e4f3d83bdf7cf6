import type { PartitionLog } from '../log/partition-log.ts'

export type Appended = ReturnType<PartitionLog['append']>

/**
 * The one way in which records get into a log. Who waits for records is told, and where a record must be on the disk before it
 * is acknowledged (`log.flush.interval.messages=1`), all that was appended in one turn of the event loop is flushed at once.
 */
export class Appender {
  readonly #told: (log: PartitionLog, bytes: number) => void
  readonly #unflushed = new Map<PartitionLog, number>()
  #flushing: Promise<void> | undefined

  /** `told` is called when records can be read, with the number of their bytes. */
  constructor(told: (log: PartitionLog, bytes: number) => void) {
    this.#told = told
  }

  /** Appends a checked batch. Throws `ProtocolError`. The acknowledgement must wait for `flushed()`. */
  append(log: PartitionLog, batch: Buffer): Appended {
    const appended = log.append(batch)
    if (appended.isDuplicate) return appended
    if (log.highWatermark === log.endOffset) this.#told(log, batch.length)
    else this.#unflushed.set(log, (this.#unflushed.get(log) ?? 0) + batch.length)
    return appended
  }

  /** Resolves when all that was appended is as safe as was asked for; undefined when it is already. Rejects when it cannot be. */
  flushed(): Promise<void> | undefined {
    if (this.#unflushed.size === 0) return undefined
    this.#flushing ??= new Promise((resolve, reject) => {
      setImmediate(() => {
        this.#flushing = undefined
        try {
          this.#flush()
          resolve()
        } catch (error) {
          reject(error as Error)
        }
      })
    })
    return this.#flushing
  }

  #flush(): void {
    const logs = [...this.#unflushed]
    this.#unflushed.clear()
    for (const [log, bytes] of logs) {
      log.flush()
      this.#told(log, bytes)
    }
  }
}
