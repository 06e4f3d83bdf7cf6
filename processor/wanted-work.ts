import type { LaneBuffer } from './lane-buffer.ts'

/** Why a lane has to be caught up. For people: nothing depends on it. */
export type CatchUpReason =
  | 'an event does not follow on'
  | 'the cache moved elsewhere'
  | 'the cache lags behind the ledger'
  | 'the cache was rebuilt'
  | 'an event that waited does not follow on'

export interface CatchUpRequest {
  readonly lane: LaneBuffer
  readonly reason: CatchUpReason
}

/**
 * The work that is requested of the loops: a tick at once, a rebuild with its reason, a lane's catch-up. The part that finds the
 * need requests it here, and the loops take it from here, so neither has to know the other. Pure: no clock, no store.
 */
export class WantedWork {
  readonly #lanes = new Map<LaneBuffer, CatchUpReason>()
  #rebuildReason: string | undefined
  #tick = new AbortController()
  #wake: () => void = () => undefined

  /** Makes the next tick start at once, to find what is wrong with the cache. */
  wantTick(): void {
    this.#tick.abort()
  }

  /** Makes the next tick start at once and rebuild, for something that ticks do not read. */
  wantRebuild(reason: string): void {
    this.#rebuildReason = reason
    this.wantTick()
  }

  /** Makes the lane be caught up soon. */
  wantCatchUp(lane: LaneBuffer, reason: CatchUpReason): void {
    if (!this.#lanes.has(lane)) this.#lanes.set(lane, reason)
    this.#wake()
  }

  /** Aborted at the next request for a tick from now on. */
  tickSignal(): AbortSignal {
    this.#tick = new AbortController()
    return this.#tick.signal
  }

  /** Takes the request for a rebuild: its reason, or undefined if there is no request. */
  takeRebuild(): string | undefined {
    const reason = this.#rebuildReason
    this.#rebuildReason = undefined
    return reason
  }

  /** Takes the oldest request for a catch-up: its lane and its first reason, or undefined if there is no request. */
  takeCatchUp(): CatchUpRequest | undefined {
    const [oldest] = this.#lanes
    if (oldest === undefined) return undefined
    const [lane, reason] = oldest
    this.#lanes.delete(lane)
    return { lane, reason }
  }

  /** Resolves when there is a request for a catch-up, or `signal` is aborted. */
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
