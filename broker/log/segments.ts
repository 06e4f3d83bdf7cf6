import type { Folder } from './folder.ts'
import type { SegmentFacts } from './segment-content.ts'
import { Segment } from './segment.ts'
import type { VisibleLog } from './timestamps.ts'

export interface ReadFrom {
  readonly offset: bigint
  readonly maxBytes: number
  readonly atLeastOneBatch: boolean
  readonly indexIntervalBytes: number
}

/** So many readers at different old places do not put each other's segment to rest. */
const MOST_AWAKE = 4

/** The segments of a log by base offset; at least one. The last is the active one. */
export class Segments {
  readonly #folder: Folder
  readonly #list: Segment[]
  /** Of the segments that do not grow, these few keep their index in memory: the last one read is the last. */
  #awake: Segment[] = []

  constructor(folder: Folder, list: readonly Segment[]) {
    this.#folder = folder
    this.#list = [...list]
    for (const segment of list) if (segment !== this.active) segment.rest()
  }

  get active(): Segment {
    return this.#list.at(-1)!
  }

  get baseOffset(): bigint {
    return this.#list[0]!.baseOffset
  }

  get count(): number {
    return this.#list.length
  }

  get bytes(): number {
    return this.#list.reduce((sum, segment) => sum + segment.bytes, 0)
  }

  facts(): SegmentFacts[] {
    return this.#list.map(segment => segment.facts)
  }

  /** Begins a new active segment; the one before it is finished. */
  roll(): void {
    const full = this.active
    const next = Segment.fresh(this.#folder, full.nextOffset)
    try {
      next.create()
    } catch (error) {
      next.remove()
      throw error
    }
    this.#list.push(next)
    full.rest()
  }

  removeOldest(): void {
    this.#list[0]!.remove()
    this.#list.shift()
  }

  /** All but the active one that lie wholly before `offset`. */
  removeBefore(offset: bigint): void {
    while (this.#list.length > 1 && this.#list[0]!.nextOffset <= offset) this.removeOldest()
  }

  /** Whole batches from the one on that holds `offset`, from as many segments as it takes. `visibleBytes`: how much may be read of the active one. */
  read({ offset, maxBytes, atLeastOneBatch, indexIntervalBytes }: ReadFrom, visibleBytes: number): Buffer[] {
    const pieces: Buffer[] = []
    let left = maxBytes
    for (let place = this.#placeOf(offset); place < this.#list.length; place++) {
      const segment = this.#list[place]!
      const endPosition = segment === this.active ? visibleBytes : segment.bytes
      const piece = segment.read({
        offset,
        maxBytes: left,
        endPosition,
        atLeastOneBatch: atLeastOneBatch && pieces.length === 0,
        indexIntervalBytes,
      })
      this.#keepAwake(segment)
      if (piece === undefined) continue
      if (piece.bytes.length > 0) pieces.push(piece.bytes)
      left -= piece.bytes.length
      if (piece.end < endPosition || left <= 0) break
    }
    return pieces
  }

  /** The last segment that begins at `offset` or before; the first if there is none. */
  #placeOf(offset: bigint): number {
    return Math.max(
      0,
      this.#list.findLastIndex(segment => segment.baseOffset <= offset),
    )
  }

  #keepAwake(segment: Segment): void {
    if (segment === this.#awake.at(-1)) return
    this.#awake = [...this.#awake.filter(other => other !== segment), segment]
    if (this.#awake.length <= MOST_AWAKE) return
    const tired = this.#awake.shift()
    if (tired !== this.active) tired?.rest()
  }

  /** What searches by time go through. */
  withVisible<T>(startOffset: bigint, visibleBytes: number, search: (log: VisibleLog) => T): T {
    const parts = this.#list.map(segment => ({ segment, endPosition: segment === this.active ? visibleBytes : segment.bytes }))
    try {
      return search({ parts, startOffset })
    } finally {
      for (const segment of this.#list) if (segment !== this.active) segment.rest()
    }
  }
}
