import type { PartitionLog } from '../log/partition-log.ts'

export type Appended = ReturnType<PartitionLog['append']>

/**
 * The one way in which records get into a log. Who waits for records is told, and where a record must be on the disk before it
 * is acknowledged (`log.flush.interval.messages=1`), all that was appended in one turn of the event loop is flushed at once.
 */
export class Appender {
  readonly #told: (log: PartitionLog, bytes: number) => void
  readonly #unflushed = new Map<PartitionLog, number>()
  #flushing: Promise<ReadonlyMap<PartitionLog, unknown>> | undefined

  /** `told` is called when records can be read, with the number of their bytes. */
  constructor(told: (log: PartitionLog, bytes: number) => void) {
    this.#told = told
  }

  /** Appends a checked batch. Throws `ProtocolError`. The acknowledgement must wait for `flushed(log)`. */
  append(log: PartitionLog, batch: Buffer): Appended {
    const appended = log.append(batch)
    const isSafe = log.highWatermark === log.endOffset
    // What a duplicate repeats may itself not be on the disk yet.
    if (!isSafe) this.#unflushed.set(log, (this.#unflushed.get(log) ?? 0) + (appended.isDuplicate ? 0 : batch.length))
    else if (!appended.isDuplicate) this.#told(log, batch.length)
    return appended
  }

  /** Resolves when all that was appended to `log` is as safe as was asked for; undefined when it is already. Rejects when it cannot be. */
  flushed(log: PartitionLog): Promise<void> | undefined {
    if (!this.#unflushed.has(log)) return undefined
    this.#flushing ??= new Promise(resolve => {
      setImmediate(() => {
        this.#flushing = undefined
        resolve(this.#flush())
      })
    })
    return this.#flushing.then(failed => {
      if (failed.has(log)) throw failed.get(log)
    })
  }

  /** All of them, though some may fail: those, with what went wrong. */
  #flush(): ReadonlyMap<PartitionLog, unknown> {
    const failed = new Map<PartitionLog, unknown>()
    for (const [log, bytes] of this.#unflushed) {
      try {
        log.flush()
        this.#told(log, bytes)
      } catch (error) {
        failed.set(log, error)
      }
    }
    this.#unflushed.clear()
    return failed
  }
}
