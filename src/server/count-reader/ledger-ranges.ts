import { readCountsAfter, type Edge } from '../../ledger/counts-after.ts'
import type { Pool } from '../../ledger/pool.ts'
import { countRange, splitRange } from '../../ledger/ranges.ts'
import { readCounts } from '../../ledger/snapshot.ts'
import { minuteOfClock } from '../../terms/minute.ts'
import type { Head } from '../../terms/position.ts'
import type { Range } from './count.ts'
import { MinuteSums } from './minute-sums.ts'
import { QuestionQueue } from './question-queue.ts'

/** How many of the newest minutes are kept: two weeks. They cover a whole week even if each of its minutes and of some days ahead has pings. */
const MAX_MINUTES = 20_160
/** How far ahead of the clock minutes are kept, and the minimum below which they are read again. In minutes. */
const [MINUTES_AHEAD, MIN_MINUTES_AHEAD] = [2 * 24 * 60, 24 * 60]
/** Minutes are kept from the second range on that is requested within this time. */
const WORTH_WITHIN_MS = 250
const READ_AGAIN_AFTER_FAILURE_MS = 10_000
/** Maximum number of statements at a time. One serves all that wait, unless it also counts rows at the edges of ranges. */
const [MAX_AT_ONCE, MAX_AT_ONCE_WITH_EDGES] = [1, 4]

/** All pings up to these heads, by minute. */
interface KeptMinutes {
  readonly heads: readonly Head[]
  readonly sums: MinuteSums
}

/** A range, split into whole minutes and the parts of minutes at its ends. */
interface Question extends Range {
  readonly first: number
  readonly end: number
  readonly edges: readonly Edge[]
}

/**
 * Counts ranges in Postgres, exactly: each answer is true at an instant after the question. While ranges are requested, the newest
 * minutes are kept, up to a known position of each lane. Then one statement serves all readers that wait, however long their ranges
 * are: it counts what was recorded after those positions, and checks that the positions are still in the ledger.
 */
export class LedgerRanges {
  readonly #pool: Pool
  readonly #whole = new QuestionQueue((questions: readonly Question[]) => this.#answer(questions), MAX_AT_ONCE)
  readonly #withEdges = new QuestionQueue((questions: readonly Question[]) => this.#answer(questions), MAX_AT_ONCE_WITH_EDGES)
  #kept: KeptMinutes | undefined
  #reading = false
  #askedMs = -Infinity
  #failedMs = -Infinity

  constructor(pool: Pool) {
    this.#pool = pool
  }

  /** Rejects if Postgres does not answer. */
  count(range: Range): Promise<bigint> {
    const question = questionOf(range)
    const kept = this.#keptMinutes()
    if (!kept || !covers(kept, question)) return countRange(this.#pool, range.startMs, range.endMs)
    return question.edges.length === 0 ? this.#whole.ask(question) : this.#withEdges.ask(question)
  }

  async #answer(questions: readonly Question[]): Promise<readonly bigint[]> {
    const kept = this.#kept
    const later =
      kept &&
      (await readCountsAfter(
        this.#pool,
        kept.heads,
        questions.flatMap(({ edges }) => edges),
      ))
    if (!kept || !later) {
      if (this.#kept === kept) this.#kept = undefined
      return Promise.all(questions.map(({ startMs, endMs }) => countRange(this.#pool, startMs, endMs)))
    }
    const now: KeptMinutes = { heads: later.heads, sums: later.minutes.size === 0 ? kept.sums : kept.sums.plus(later.minutes) }
    if (this.#kept === kept) this.#kept = { ...now, sums: now.sums.newest(MAX_MINUTES) }
    let edge = 0
    return Promise.all(
      questions.map(async question => {
        const edges = later.edges.slice(edge, (edge += question.edges.length))
        if (!covers(now, question)) return countRange(this.#pool, question.startMs, question.endMs)
        return edges.reduce((sum, pings) => sum + pings, BigInt(now.sums.sum(question.first, question.end)))
      }),
    )
  }

  /** The kept minutes. Also starts to read them, for later readers, if that is worthwhile. */
  #keptMinutes(): KeptMinutes | undefined {
    const nowMs = performance.now()
    const isWorthIt = nowMs - this.#askedMs < WORTH_WITHIN_MS
    this.#askedMs = nowMs
    const aheadMinutes = (this.#kept?.sums.to ?? 0) - currentMinute()
    if (isWorthIt && aheadMinutes < MIN_MINUTES_AHEAD && !this.#reading && nowMs - this.#failedMs > READ_AGAIN_AFTER_FAILURE_MS)
      void this.#read()
    return this.#kept
  }

  async #read(): Promise<void> {
    this.#reading = true
    try {
      const counts = await readCounts(this.#pool, { minutesTo: currentMinute() + MINUTES_AHEAD, maxMinutes: MAX_MINUTES })
      const minutes = new Map([...counts.minutes].map(([minute, pings]) => [minute, Number(pings)]))
      const sums = MinuteSums.of({ from: counts.minutesFrom ?? -Infinity, to: counts.minutesTo, minutes })
      this.#kept = sums && { heads: counts.heads, sums }
    } catch {
      this.#failedMs = performance.now() // ranges are counted without kept minutes; their readers see whether Postgres answers
    } finally {
      this.#reading = false
    }
  }
}

function questionOf(range: Range): Question {
  const [first, end, ...times] = splitRange(range.startMs, range.endMs) as [bigint, bigint, bigint, bigint, bigint, bigint]
  const edges: Edge[] = [
    [times[0], times[1]],
    [times[2], times[3]],
  ]
  return { ...range, first: Number(first), end: Number(end), edges: edges.filter(([start, stop]) => start < stop) }
}

function covers({ sums }: KeptMinutes, { first, end }: Question): boolean {
  return first >= end || sums.covers(first, end)
}

function currentMinute(): number {
  return minuteOfClock(Date.now())
}
