/** Timers and the monotonic clock of this process, moved by hand. */
export class VirtualTime {
  nowMs = 0
  #timers = new Map<number, { dueMs: number; everyMs: number | undefined; run: () => void }>()
  #lastId = 0
  readonly #real = { setTimeout, clearTimeout, setInterval, clearInterval }
  readonly #realNow = performance.now

  install(): void {
    const add = (run: () => void, ms: number, everyMs: number | undefined) => {
      this.#timers.set(++this.#lastId, { dueMs: this.nowMs + ms, everyMs, run })
      return this.#lastId
    }
    const remove = (id: number) => void this.#timers.delete(id)
    Object.assign(globalThis, {
      setTimeout: (run: () => void, ms = 0) => add(run, ms, undefined),
      setInterval: (run: () => void, ms = 0) => add(run, ms, ms),
      clearTimeout: remove,
      clearInterval: remove,
    })
    performance.now = () => this.nowMs
  }

  uninstall(): void {
    Object.assign(globalThis, this.#real)
    performance.now = this.#realNow
  }

  advance(ms: number): void {
    this.nowMs += ms
    for (const [id, timer] of Array.from(this.#timers)) {
      // a timer may set others
      if (timer.dueMs > this.nowMs || !this.#timers.has(id)) continue
      if (timer.everyMs === undefined) this.#timers.delete(id)
      else timer.dueMs = this.nowMs + timer.everyMs
      timer.run()
    }
  }
}

/** Resolves when everything that could go on without a timer has. */
export function settled(): Promise<void> {
  return new Promise(resolve => setImmediate(resolve))
}
