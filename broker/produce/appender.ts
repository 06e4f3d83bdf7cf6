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
    const isSafe = log.highWatermark === log.endOffset
    // What a duplicate repeats may itself not be on the disk yet.
    if (!isSafe) this.#unflushed.set(log, (this.#unflushed.get(log) ?? 0) + (appended.isDuplicate ? 0 : batch.length))
    else if (!appended.isDuplicate) this.#told(log, batch.length)
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

  /** All of them, though one may fail. */
  #flush(): void {
    const logs = [...this.#unflushed]
    this.#unflushed.clear()
    const errors: unknown[] = []
    for (const [log, bytes] of logs) {
      try {
        log.flush()
        this.#told(log, bytes)
      } catch (error) {
        errors.push(error)
      }
    }
    if (errors.length > 0) throw errors[0]
  }
}
