import { LaneBuffer } from './lane-buffer.ts'

/** The buffers of all lanes that the ledger has, no matter which server publishes them and which processor reads them. */
export class Lanes {
  #buffers: LaneBuffer[] = []

  get count(): number {
    return this.#buffers.length
  }

  get(lane: number): LaneBuffer | undefined {
    return this.#buffers[lane]
  }

  /** The ledger has this many lanes. Their number never decreases. */
  grow(count: number): void {
    while (this.#buffers.length < count) this.#buffers.push(new LaneBuffer(this.#buffers.length))
  }

  /** Events accepted and not yet in a flush. */
  pending(): number {
    return this.#buffers.reduce((sum, lane) => sum + lane.pending, 0)
  }

  /** Records that are not done. */
  size(): number {
    return this.#buffers.reduce((sum, lane) => sum + lane.size, 0)
  }

  map<T>(of: (lane: LaneBuffer) => T): T[] {
    return this.#buffers.map(of)
  }

  [Symbol.iterator](): Iterator<LaneBuffer> {
    return this.#buffers[Symbol.iterator]()
  }
}
