import { samePosition, type Position } from '../src/terms/position.ts'

/** What a tick saw: when the cache's clock said `timeMs`, the lane's head was this, or came later. */
export interface TickMark {
  readonly timeMs: number
  readonly head: Position
}

/** More marks are not kept: a lane that lags this long gets its `asof` from later ones. */
const MAX_MARKS = 120

/** What the ticks saw of one lane, until its `asof` has got there. Pure. */
export class TickMarks {
  #marks: TickMark[] = []
  #last: TickMark | undefined

  /** The head at the newest tick. */
  get lastHead(): Position | undefined {
    return this.#last?.head
  }

  add(mark: TickMark): void {
    this.#marks.push(mark)
    if (this.#marks.length > MAX_MARKS) this.#marks.shift()
    this.#last = mark
  }

  /** The time of the newest tick whose head lies on the way from `start` over `entries`, which follow it without gaps; undefined: of none. */
  provenAsofMs(start: Position, entries: readonly Position[]): number | undefined {
    for (let index = this.#marks.length - 1; index >= 0; index--) {
      const { head, timeMs } = this.#marks[index]!
      const there = head.seq === start.seq ? start : entries[Number(head.seq - start.seq) - 1]
      if (there && samePosition(there, head)) return timeMs
    }
    return undefined
  }

  /** An `asof` is written: marks up to there say nothing more. */
  forgetUpTo(asofMs: number): void {
    this.#marks = this.#marks.filter(({ timeMs }) => timeMs > asofMs)
  }
}
