import { performance } from 'node:perf_hooks'
import { wait } from '../../src/runtime/wait.ts'
import { askCountOn } from '../load/ask-count.ts'
import { connectRequest, HttpConnection } from '../load/http-connection.ts'

const CACHED = connectRequest('PingCount', {})
/** Time between two reads of the count: the resolution of the measurement. */
const LOOK_EVERY_MS = 3

/**
 * Reads the cached count continuously, while a measurement waits for it to reach a number. All measurements share
 * the reads, so that measuring many pings at once does not load the server.
 */
export class CountWatch {
  readonly #cached: HttpConnection
  readonly #waiting = new Set<{ count: number; reached: () => void; failed: (error: unknown) => void }>()
  #isLooking = false
  #looks = 0
  #looksAtCache = 0

  private constructor(cached: HttpConnection) {
    this.#cached = cached
  }

  static async open(port: number): Promise<CountWatch> {
    return new CountWatch(await HttpConnection.open(port))
  }

  /** Resolves with the time (performance.now) at which the cached count was seen to be at least `count`. */
  reach(count: number): Promise<number> {
    const { promise, resolve, reject } = Promise.withResolvers<number>()
    this.#waiting.add({ count, reached: () => resolve(performance.now()), failed: reject })
    if (!this.#isLooking) void this.#look().catch(error => this.#fail(error))
    return promise
  }

  /** The share of all reads that the server answered from the cache, 0 … 1. */
  get fromCache(): number {
    return this.#looksAtCache / this.#looks
  }

  close(): void {
    this.#cached.close()
  }

  #fail(error: unknown): void {
    for (const each of this.#waiting) each.failed(error)
    this.#waiting.clear()
  }

  async #look(): Promise<void> {
    this.#isLooking = true
    for (; this.#waiting.size > 0; await wait(LOOK_EVERY_MS)) {
      const { count, source } = await askCountOn(this.#cached, CACHED)
      this.#looks++
      if (source === 'cache') this.#looksAtCache++
      for (const each of this.#waiting) {
        if (count < each.count) continue
        this.#waiting.delete(each)
        each.reached()
      }
    }
    this.#isLooking = false
  }
}
