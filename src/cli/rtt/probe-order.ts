/** Finds what comes out of order on ways that keep it: each way is a partition, or a partition and the server that answers. */
export class ProbeOrder {
  readonly #highest = new Map<string, number>()

  /** True if a probe with a higher number came this way before. */
  isBehind(way: string, seq: number): boolean {
    const highest = this.#highest.get(way) ?? 0
    if (seq > highest) this.#highest.set(way, seq)
    return seq < highest
  }
}
