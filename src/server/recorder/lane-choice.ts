/**
 * Chooses the lane of a batch. Lanes that this server publishes are preferred, because their rows can be handed over to the relay
 * in memory. Within them and within the others, lanes take turns. A lane that another batch of this server uses is the last choice.
 */
export class LaneChoice {
  readonly #preferred: () => readonly number[]
  readonly #taken = new Set<number>()
  #turn = Math.floor(Math.random() * 1_000)

  constructor(preferred: () => readonly number[]) {
    this.#preferred = preferred
  }

  /** All lanes, best first. The first is taken until `free` is called with it. */
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
