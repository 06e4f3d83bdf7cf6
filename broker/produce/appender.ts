import type { PartitionLog } from '../log/partition-log.ts'

export type Appended = ReturnType<PartitionLog['append']>

/**
 * The only way to append records to a log. Notifies the requests that wait for records. If a record must be on disk before it
 * is acknowledged (`log.flush.interval.messages=1`), everything appended in one turn of the event loop is flushed together.
 */
export class Appender {
  readonly #onReadable: (log: PartitionLog, bytes: number) => void
  readonly #unflushed = new Map<PartitionLog, number>()
  #flushing: Promise<ReadonlyMap<PartitionLog, unknown>> | undefined

  /** `onReadable` is called when records can be read, with the number of their bytes. */
  constructor(onReadable: (log: PartitionLog, bytes: number) => void) {
    this.#onReadable = onReadable
  }

  /** Appends a checked batch. Throws `ProtocolError`. The acknowledgement must wait for `flushed(log)`. */
  append(log: PartitionLog, batch: Buffer): Appended {
    const appended = log.append(batch)
    const isSafe = log.highWatermark === log.endOffset
    // The original of a duplicate may not be on disk yet.
    if (!isSafe) this.#unflushed.set(log, (this.#unflushed.get(log) ?? 0) + (appended.isDuplicate ? 0 : batch.length))
    else if (!appended.isDuplicate) this.#onReadable(log, batch.length)
    return appended
  }

  /** Resolves when everything appended to `log` is as durable as configured; undefined if it already is. Rejects if that fails. */
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

  /** Flushes all logs, even if some fail. Returns the failed ones with their errors. */
  #flush(): ReadonlyMap<PartitionLog, unknown> {
    const failed = new Map<PartitionLog, unknown>()
    for (const [log, bytes] of this.#unflushed) {
      try {
        log.flush()
        this.#onReadable(log, bytes)
      } catch (error) {
        failed.set(log, error)
      }
    }
    this.#unflushed.clear()
    return failed
  }
}
