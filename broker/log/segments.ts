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

/** This many readers at different old positions do not unload each other's segments. */
const MAX_LOADED = 4

/** The segments of a log in order of base offset; at least one. The last is the active one. */
export class Segments {
  readonly #folder: Folder
  readonly #list: Segment[]
  /** The few inactive segments that keep their index in memory; the most recently read is last. */
  #loaded: Segment[] = []

  constructor(folder: Folder, list: readonly Segment[]) {
    this.#folder = folder
    this.#list = [...list]
    for (const segment of list) if (segment !== this.active) segment.unload()
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

  /** Starts a new active segment and finishes the previous one. */
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
    full.unload()
  }

  removeOldest(): void {
    this.#list[0]!.remove()
    this.#list.shift()
  }

  /** Removes the segments that are entirely before `offset`, except the active one. */
  removeBefore(offset: bigint): void {
    while (this.#list.length > 1 && this.#list[0]!.nextOffset <= offset) this.removeOldest()
  }

  /** Whole batches, starting with the one that holds `offset`, from as many segments as needed. `visibleBytes`: how many bytes of the active segment may be read. */
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
      this.#keepLoaded(segment)
      if (piece === undefined) continue
      if (piece.bytes.length > 0) pieces.push(piece.bytes)
      left -= piece.bytes.length
      if (piece.end < endPosition || left <= 0) break
    }
    return pieces
  }

  /** The last segment that begins at or before `offset`; the first one if there is no such segment. */
  #placeOf(offset: bigint): number {
    return Math.max(
      0,
      this.#list.findLastIndex(segment => segment.baseOffset <= offset),
    )
  }

  #keepLoaded(segment: Segment): void {
    if (segment === this.#loaded.at(-1)) return
    this.#loaded = [...this.#loaded.filter(other => other !== segment), segment]
    if (this.#loaded.length <= MAX_LOADED) return
    const oldest = this.#loaded.shift()
    if (oldest !== this.active) oldest?.unload()
  }

  /** Runs a search by time over the visible part of the log. */
  withVisible<T>(startOffset: bigint, visibleBytes: number, search: (log: VisibleLog) => T): T {
    const parts = this.#list.map(segment => ({ segment, endPosition: segment === this.active ? visibleBytes : segment.bytes }))
    try {
      return search({ parts, startOffset })
    } finally {
      for (const segment of this.#list) if (segment !== this.active) segment.unload()
    }
  }
}
