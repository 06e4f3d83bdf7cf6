import type { PartitionLog } from '../log/partition-log.ts'

interface Waiter {
  missingBytes: number
  readonly logs: readonly PartitionLog[]
  readonly done: () => void
}

/** Requests that wait for records. */
export class Waiters {
  readonly #waiting = new Map<PartitionLog, Set<Waiter>>()
  #count = 0

  /** How many requests wait. */
  get count(): number {
    return this.#count
  }

  /** Resolves when this many bytes have been added to `logs` in total, when one of them is deleted, after `maxWaitMs`, or when `signal` is aborted. */
  wait(options: { logs: readonly PartitionLog[]; missingBytes: number; maxWaitMs: number; signal: AbortSignal }): Promise<void> {
    const { logs, missingBytes, maxWaitMs, signal } = options
    return new Promise(resolve => {
      const done = (): void => {
        clearTimeout(timer)
        signal.removeEventListener('abort', done)
        this.#remove(waiter)
        resolve()
      }
      const timer = setTimeout(done, maxWaitMs)
      const waiter: Waiter = { missingBytes, logs, done }
      this.#add(waiter)
      signal.addEventListener('abort', done)
      if (signal.aborted) done()
    })
  }

  /** `bytes` more bytes of a log can be read. */
  grown(log: PartitionLog, bytes: number): void {
    for (const waiter of this.#waiting.get(log) ?? []) {
      waiter.missingBytes -= bytes
      if (waiter.missingBytes <= 0) waiter.done()
    }
  }

  /** A log was deleted: the requests that wait for it check again. */
  deleted(log: PartitionLog): void {
    for (const waiter of this.#waiting.get(log) ?? []) waiter.done()
  }

  #add(waiter: Waiter): void {
    this.#count++
    for (const log of waiter.logs) {
      const waiters = this.#waiting.get(log) ?? new Set()
      waiters.add(waiter)
      this.#waiting.set(log, waiters)
    }
  }

  #remove(waiter: Waiter): void {
    this.#count--
    for (const log of waiter.logs) {
      const waiters = this.#waiting.get(log)
      waiters?.delete(waiter)
      if (waiters?.size === 0) this.#waiting.delete(log)
    }
  }
}
