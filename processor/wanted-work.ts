import type { LaneBuffer } from './lane-buffer.ts'

/**
 * What the loops that keep the cache true are wanted to do: a tick at once, a rebuild with its reason, a lane's catch-up.
 * Whatever finds the need says so here, and the loops take it from here: neither has to know the other. Pure: no clock, no store.
 */
export class WantedWork {
  readonly #lanes = new Set<LaneBuffer>()
  #rebuildReason: string | undefined
  #tick = new AbortController()
  #wake: () => void = () => undefined

  /** Has the next tick come at once, to see what is wrong with the cache. */
  wantTick(): void {
    this.#tick.abort()
  }

  /** Has the next tick come at once and rebuild, for something that ticks do not read. */
  wantRebuild(reason: string): void {
    this.#rebuildReason = reason
    this.wantTick()
  }

  /** Has the lane caught up soon. */
  wantCatchUp(lane: LaneBuffer): void {
    this.#lanes.add(lane)
    this.#wake()
  }

  /** Aborted as soon as a tick is wanted, from now on. */
  tickSignal(): AbortSignal {
    this.#tick = new AbortController()
    return this.#tick.signal
  }

  /** The reason for which a rebuild is wanted, once; undefined if none is. */
  takeRebuild(): string | undefined {
    const reason = this.#rebuildReason
    this.#rebuildReason = undefined
    return reason
  }

  /** The lane that has waited longest for its catch-up, once; undefined if none has. */
  takeCatchUp(): LaneBuffer | undefined {
    const [lane] = this.#lanes
    if (lane) this.#lanes.delete(lane)
    return lane
  }

  /** Resolves when there is a catch-up to take, or `signal` is aborted. */
  async untilCatchUp(signal: AbortSignal): Promise<void> {
    if (this.#lanes.size > 0 || signal.aborted) return
    const { promise, resolve } = Promise.withResolvers<void>()
    const wake = (): void => resolve()
    this.#wake = wake
    signal.addEventListener('abort', wake)
    await promise
    signal.removeEventListener('abort', wake)
  }
}
