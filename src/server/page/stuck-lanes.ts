import type { LaneProgress } from '../../ledger/heads.ts'

interface Seen {
  readonly published: bigint
  /** Since when the lane lags without its published position moving, in ms of the monotonic clock. Undefined: it does not lag. */
  readonly sinceMs: number | undefined
}

/** Finds lanes whose pings do not reach Kafka. Pure: the time is an argument. */
export class StuckLanes {
  #lanes: ReadonlyMap<number, Seen> = new Map()

  note(lanes: readonly LaneProgress[], nowMs: number): void {
    this.#lanes = new Map(
      lanes.map(({ lane, seq, published }) => {
        const before = this.#lanes.get(lane)
        const hasMoved = before?.published !== published
        const sinceMs = published >= seq ? undefined : hasMoved ? nowMs : (before.sinceMs ?? nowMs)
        return [lane, { published, sinceMs }]
      }),
    )
  }

  /** How long the first of them has waited, in ms. 0: none is stuck. */
  stuckMs(nowMs: number): number {
    return Math.max(0, ...[...this.#lanes.values()].map(({ sinceMs }) => (sinceMs === undefined ? 0 : nowMs - sinceMs)))
  }
}
