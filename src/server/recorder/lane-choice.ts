/**
 * Which lane a batch takes. Lanes that this server publishes come first, as their rows can then be
 * handed over in memory; among them each in its turn, and none that another batch of ours is in.
 */
export class LaneChoice {
  readonly #preferred: () => readonly number[]
  readonly #taken = new Set<number>()
  #turn = Math.floor(Math.random() * 1_000)

  constructor(preferred: () => readonly number[]) {
    this.#preferred = preferred
  }

  /** All lanes, best first. Give the first back with `free`. */
  take(laneCount: number): readonly number[] {
    const preferred = this.#preferred().filter(lane => lane < laneCount)
    const others = Array.from({ length: laneCount }, (_, lane) => lane).filter(lane => !preferred.includes(lane))
    const order = [...rotate(preferred, this.#turn), ...rotate(others, this.#turn)]
    this.#turn++
    const lanes = [...order.filter(lane => !this.#taken.has(lane)), ...order.filter(lane => this.#taken.has(lane))]
    this.#taken.add(lanes[0]!)
    return lanes
  }

  free(lane: number): void {
    this.#taken.delete(lane)
  }
}

function rotate(lanes: readonly number[], by: number): readonly number[] {
  if (lanes.length === 0) return lanes
  const first = by % lanes.length
  return [...lanes.slice(first), ...lanes.slice(0, first)]
}
