import { minuteOf } from '../../../src/terms/minute.ts'
import type { LedgerRow } from '../../../src/terms/ping.ts'
import { samePosition, START, type Position } from '../../../src/terms/position.ts'
import type { Random } from '../../support/random.ts'

interface Lane {
  rows: LedgerRow[]
  published: Position
  folded: Position
  minutes: Map<number, number>
}

type Query = string | { readonly name?: string; readonly text: string; readonly values?: readonly unknown[] }

/** The ledger in memory: what the relay's statements do, each at one instant. */
export class SimulatedPostgres {
  lanes: Lane[]
  /** Statements by name, or by their first words. */
  readonly asked = new Map<string, number>()
  readonly #random: Random
  #transactions = 0
  #older: Lane[] | undefined
  #ids = 0

  constructor(lanes: number, random: Random) {
    this.#random = random
    this.lanes = Array.from({ length: lanes }, () => ({ rows: [], published: START, folded: START, minutes: new Map() }))
  }

  /** Records a batch, as `recordBatch` answers it. */
  record(lane: number, count: number) {
    const { rows } = this.lanes[lane]!
    const before = rows.at(-1) ?? START
    const tag = BigInt(this.#random.between(1, 2 ** 31))
    const inserted = Array.from({ length: count }, () => ({
      id: String(this.#ids++),
      timestampMs: BigInt(this.#random.between(-3, 4)) * 60_000n,
    }))
    inserted.forEach((ping, index) => rows.push({ ...ping, lane, tag, seq: before.seq + BigInt(index) + 1n }))
    this.#transactions++
    return { lane, before: { seq: before.seq, tag: before.tag }, tag, inserted, known: new Map<string, bigint>() }
  }

  /** A standby that will take over has all there is now. */
  keep(): void {
    this.#older = copyOf(this.lanes)
  }

  /** It takes over: what came after is lost. */
  failOver(): void {
    if (this.#older) this.lanes = copyOf(this.#older)
    this.#transactions++
  }

  /** Deletes a lane's last rows, as a user might. */
  remove(lane: number, count: number): void {
    const { rows } = this.lanes[lane]!
    this.lanes[lane]!.rows = rows.slice(0, Math.max(0, rows.length - count))
    this.#transactions++
  }

  /** What is wrong with the rollup: it has to be, at every moment, that of the rows up to `folded`. */
  get fault(): string | undefined {
    for (const [lane, { rows, folded, minutes }] of this.lanes.entries()) {
      if (!holds(rows, folded)) continue // lost by a failover
      const expected = countMinutes(rows.slice(0, Number(folded.seq)))
      for (const minute of new Set([...minutes.keys(), ...expected.keys()])) {
        if (minutes.get(minute) !== expected.get(minute))
          return `lane ${lane}, minute ${minute}: ${minutes.get(minute)} are folded, expected ${expected.get(minute)}`
      }
    }
    return undefined
  }

  query(asked: Query, given: readonly unknown[] = []): { rows: object[]; rowCount: number } {
    const [text, values] = typeof asked === 'string' ? [asked, given] : [asked.name ?? asked.text, asked.values ?? given]
    const name = text.startsWith('ping_') ? text : text.split(' ').slice(0, 2).join(' ')
    this.asked.set(name, (this.asked.get(name) ?? 0) + 1)
    const rows = this.#answer(name, values)
    return { rows, rowCount: rows.length }
  }

  #answer(name: string, values: readonly unknown[]): object[] {
    switch (name) {
      case 'select lane,': // positions
        return this.lanes.map(({ published, folded }, lane) => ({
          lane,
          published_seq: published.seq,
          published_tag: published.tag,
          folded_seq: folded.seq,
          folded_tag: folded.tag,
        }))
      case 'select lane': // locks: every session gets them, so that there is always a stale relay
        return (values[0] as number[]).map(lane => ({ lane }))
      case 'ping_changed_heads': {
        const snapshot = String(this.#transactions)
        if (values[0] === snapshot) return []
        return this.lanes.map(({ rows }, lane) => ({ snapshot, lane, seq: rows.at(-1)?.seq ?? 0n, tag: rows.at(-1)?.tag ?? 0n }))
      }
      case 'ping_rows_after':
        return zip(values[0], values[1]).flatMap(([lane, seq]) =>
          this.lanes[lane]!.rows.slice(Math.max(0, seq - 1)).slice(0, Number(values[2])),
        )
      case 'ping_move_published':
        return this.#moves(values, 'published')
      case 'ping_fold_counts':
        return this.#foldCounts(values)
      case 'ping_fold':
        return [{ folded: this.#fold(this.lanes[Number(values[0])]!, Number(values[1])) }]
      case 'select ping_unfold($1)':
        return this.#begin({ lane: Number(values[0]), minutes: new Map(), folded: START })
      case 'update ping_lanes': {
        const lane = this.lanes[Number(values[0])]!
        const from = { seq: BigInt(values[1] as string), tag: BigInt(values[2] as string) }
        return samePosition(lane.published, from) && !holds(lane.rows, from)
          ? this.#begin({ lane: Number(values[0]), published: START })
          : []
      }
      default:
        throw new Error(`unexpected statement: ${name}`)
    }
  }

  #begin({ lane, ...changed }: { lane: number } & Partial<Lane>): object[] {
    Object.assign(this.lanes[lane]!, changed)
    this.#transactions++
    return [{}]
  }

  #moves(
    values: readonly unknown[],
    name: 'published' | 'folded',
    isRight: (lane: number, rows: bigint) => boolean = () => true,
  ): { lane: number }[] {
    const [lanes, fromSeqs, fromTags, toSeqs, toTags] = values.map(items)
    this.#transactions++
    return lanes!.map(Number).flatMap((lane, index) => {
      const from = { seq: fromSeqs![index]!, tag: fromTags![index]! }
      const to = { seq: toSeqs![index]!, tag: toTags![index]! }
      const there = this.lanes[lane]!
      if (!samePosition(there[name], from) || !holds(there.rows, to) || !isRight(lane, to.seq - from.seq)) return []
      there[name] = to
      return [{ lane }]
    })
  }

  #foldCounts(values: readonly unknown[]): object[] {
    const [lanes, minutes, counts] = [items(values[5]).map(Number), items(values[6]).map(Number), items(values[7])]
    const sum = (lane: number) => counts.reduce((total, count, index) => (lanes[index] === lane ? total + count : total), 0n)
    const moved = this.#moves(values, 'folded', (lane, rows) => sum(lane) === rows)
    for (const { lane } of moved) {
      lanes.forEach((each, index) => each === lane && add(this.lanes[lane]!.minutes, minutes[index]!, Number(counts[index])))
    }
    return moved
  }

  #fold(lane: Lane, limit: number): bigint | null {
    if (!holds(lane.rows, lane.folded)) return null
    const rows = lane.rows.slice(Number(lane.folded.seq)).slice(0, limit)
    for (const { timestampMs } of rows) add(lane.minutes, minuteOf(timestampMs), 1)
    lane.folded = rows.at(-1) ?? lane.folded
    this.#transactions++
    return BigInt(rows.length)
  }
}

function holds(rows: readonly LedgerRow[], { seq, tag }: Position): boolean {
  return seq === 0n || rows[Number(seq) - 1]?.tag === tag
}

function countMinutes(rows: readonly LedgerRow[]): Map<number, number> {
  const counts = new Map<number, number>()
  for (const { timestampMs } of rows) add(counts, minuteOf(timestampMs), 1)
  return counts
}

function add(minutes: Map<number, number>, minute: number, count: number): void {
  minutes.set(minute, (minutes.get(minute) ?? 0) + count)
}

function copyOf(lanes: readonly Lane[]): Lane[] {
  return lanes.map(lane => ({ ...lane, rows: [...lane.rows], minutes: new Map(lane.minutes) }))
}

/** An array literal of Postgres. */
function items(literal: unknown): bigint[] {
  return String(literal).slice(1, -1).split(',').filter(Boolean).map(BigInt)
}

function zip(first: unknown, second: unknown): [number, number][] {
  const seconds = items(second).map(Number)
  return items(first).map((item, index) => [Number(item), seconds[index]!])
}
