import type { PingEvent } from '../../../src/events/event.ts'
import type { Pool } from '../../../src/ledger/pool.ts'
import { minuteOf } from '../../../src/terms/minute.ts'
import type { LedgerRow } from '../../../src/terms/ping.ts'
import { START, type Position } from '../../../src/terms/position.ts'
import type { Random } from '../../support/random.ts'
import type { Steps } from './steps.ts'

interface Row extends LedgerRow {
  /** When it was acknowledged, by the cache's clock. */
  readonly ackedMs: number
}

/** The ledger in memory: rows by lane, and how far the relay has published each. */
export class Ledger {
  lanes: Row[][]
  readonly published: number[]
  readonly #random: Random

  constructor(lanes: number, random: Random) {
    this.#random = random
    this.lanes = Array.from({ length: lanes }, () => [])
    this.published = this.lanes.map(() => 0)
  }

  get total(): number {
    return this.lanes.reduce((sum, rows) => sum + rows.length, 0)
  }

  record(lane: number, minutes: readonly number[], nowMs: number): void {
    const rows = this.lanes[lane]!
    const tag = BigInt(this.#random.between(1, 2 ** 31))
    for (const minute of minutes) {
      rows.push({ lane, id: '', seq: BigInt(rows.length + 1), tag, timestampMs: BigInt(minute) * 60_000n, ackedMs: nowMs })
    }
  }

  /** A standby without the last rows takes over. */
  failOver(): void {
    this.lanes = this.lanes.map(rows => rows.slice(0, Math.max(0, rows.length - this.#random.between(0, 6))))
    this.lanes.forEach((rows, lane) => (this.published[lane] = Math.min(this.published[lane]!, rows.length)))
  }

  /** As the relay sends it. */
  event(lane: number, seq: number): PingEvent {
    const rows = this.lanes[lane]!
    return { ...rows[seq - 1]!, previousTag: rows[seq - 2]?.tag ?? 0n }
  }

  /** True if the position is in the lane's history. */
  holds(lane: number, { seq, tag }: Position): boolean {
    return seq === 0n ? tag === 0n : this.lanes[lane]?.[Number(seq) - 1]?.tag === tag
  }
}

type Rows = readonly (readonly Row[])[]
type Query = string | { readonly name?: string; readonly text: string; readonly values?: readonly unknown[] }

/** Postgres' answers to the statements of src/ledger, each at one instant of the schedule. */
export function poolOf(ledger: Ledger, steps: Steps): Pool {
  const query = (asked: Query) => steps.request(() => ({ rows: answer(asked, ledger.lanes) }))
  const connect = async () => {
    let snapshot: Rows | undefined // taken by the first statement after the begin
    return {
      query: (asked: Query) =>
        steps.request(() => {
          if (typeof asked === 'string') return { rows: [] }
          snapshot ??= ledger.lanes.map(rows => [...rows])
          return { rows: answer(asked, snapshot) }
        }),
      release: () => undefined,
    }
  }
  return { query, connect } as unknown as Pool
}

function answer(asked: Query, lanes: Rows): readonly object[] {
  if (typeof asked === 'string') throw new Error(`unexpected statement: ${asked}`)
  const values = asked.values ?? []
  switch (asked.name) {
    case 'ping_heads':
      return lanes.map(headOf)
    case 'ping_checked_heads': {
      const seqs = new Map(zip(values[0], values[1]))
      return lanes.map((rows, lane) => {
        const seq = seqs.get(lane)
        const tag = seq === undefined ? null : seq === 0 ? 0n : (rows[seq - 1]?.tag ?? null)
        return { ...headOf(rows, lane), tag_there: tag }
      })
    }
    case 'ping_rows_after':
      return zip(values[0], values[1]).flatMap(([lane, seq]) => {
        const from = Math.max(0, seq - 1)
        return lanes[lane]!.slice(from, from + Number(values[2]))
      })
    case undefined:
      return newestMinutes(lanes, Number(values[0]), Number(values[1]))
    default:
      throw new Error(`unexpected statement: ${asked.name}`)
  }
}

function headOf(rows: readonly Row[], lane: number): Position & { lane: number } {
  return { ...START, ...(rows.at(-1) && { seq: rows.at(-1)!.seq, tag: rows.at(-1)!.tag }), lane }
}

function newestMinutes(lanes: Rows, minutesTo: number, limit: number): readonly object[] {
  const counts = countMinutes(lanes.flat())
  const newest = [...counts].filter(([minute]) => minute < minutesTo).toSorted(([a], [b]) => b - a)
  return newest.slice(0, limit).map(([minute, count]) => ({ minute: BigInt(minute), count: BigInt(count) }))
}

export function countMinutes(rows: readonly LedgerRow[]): Map<number, number> {
  const counts = new Map<number, number>()
  for (const { timestampMs } of rows) counts.set(minuteOf(timestampMs), (counts.get(minuteOf(timestampMs)) ?? 0) + 1)
  return counts
}

/** Two array literals of Postgres, item by item. */
function zip(first: unknown, second: unknown): [number, number][] {
  const items = (literal: unknown) => String(literal).slice(1, -1).split(',').filter(Boolean).map(Number)
  const seconds = items(second)
  return items(first).map((item, index) => [item, seconds[index]!])
}
