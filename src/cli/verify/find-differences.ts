import { MINUTE_MS } from '../../terms/minute.ts'
import type { Position } from '../../terms/position.ts'
import {
  sumOfGoals,
  sumOfLanes,
  type CacheEvidence,
  type Evidence,
  type LaneOfLedger,
  type LedgerEvidence,
  type ServerEvidence,
} from './evidence.ts'

/** Minutes that are listed one by one; the others are only counted. */
const NAMED_MINUTES = 3
/** Added where a published position lags: without Kafka it never reaches its head. */
const NO_KAFKA_HINT = '(is Kafka down? --no-topic skips the published positions)'

/** What does not agree, the most serious first: one sentence each. Empty: everything agrees. */
export function findDifferences({ ledger, cache, server, topic }: Evidence): readonly string[] {
  return [
    ...ofRows(ledger),
    ...ofMinutes('rollup', ledger.rollup, ledger.minutes),
    ...(cache.kind === 'read' ? ofCache(ledger, cache.value) : []),
    ...(cache.kind === 'away' ? [`the cache cannot be read: ${cache.reason}`] : []),
    ...(server.kind === 'read' ? ofServer(ledger, server.value) : []),
    ...(topic ? ofPublished(ledger) : []),
  ]
}

function ofRows(ledger: LedgerEvidence): string[] {
  return ledger.lanes.flatMap(({ lane, head, goal, rows, folded }) => [
    ...(head.seq >= goal ? [] : [`lane ${lane}: its head is ${head.seq}, but was ${goal} when verify began`]),
    ...(rows === head.seq ? [] : [`lane ${lane}: its head is ${head.seq}, but it has ${rows} rows`]),
    ...(folded.seq > head.seq ? [`lane ${lane}: folded up to ${folded.seq}, but its head is ${head.seq}`] : []),
  ])
}

function ofPublished({ lanes }: LedgerEvidence): string[] {
  return lanes.flatMap(lane => {
    const found = ofPosition('published', lane, lane.published)
    return lane.published.seq < lane.goal ? found.map(message => `${message} ${NO_KAFKA_HINT}`) : found
  })
}

function ofCache(ledger: LedgerEvidence, cache: CacheEvidence): string[] {
  const total = cache.applied.reduce((sum, { seq }) => sum + seq, 0n)
  return [
    ...ledger.lanes.flatMap(lane => {
      const applied = cache.applied[lane.lane]
      return applied ? ofPosition('applied', lane, applied) : [`lane ${lane.lane}: not in the cache`]
    }),
    ...(cache.total === total ? [] : [`total: the cache has ${cache.total}, the sum of its lanes is ${total}${by(cache.total - total)}`]),
    ...ofMinutes('cache', cache.minutes, ledger.appliedMinutes),
  ]
}

/** An exact count lies between the totals before and after it; a cached one may be of any time since verify began. */
function ofServer(ledger: LedgerEvidence, { cached, strong, totalAfter }: ServerEvidence): string[] {
  const named = [
    ['strong', strong.count, sumOfLanes(ledger)],
    ['default', cached.count, sumOfGoals(ledger)],
  ] as const
  return named.flatMap(([name, count, min]) => {
    const expected = count < min ? min : totalAfter
    return count >= min && count <= totalAfter
      ? []
      : [`total: PingCount (${name}) says ${count}, Postgres has ${expected} rows${by(count - expected)}`]
  })
}

function ofPosition(what: 'published' | 'applied', { lane, head, goal, holds }: LaneOfLedger, position: Position): string[] {
  if (position.seq < goal) return [`lane ${lane}: ${what} up to ${position.seq}, ${goal - position.seq} behind its head ${goal}`]
  if (holds[what]) return []
  if (position.seq > head.seq)
    return [`lane ${lane}: ${what} up to ${position.seq}, but its head is ${head.seq}: it belongs to another history`]
  const there = position.seq === head.seq ? `the head's tag is ${head.tag}` : 'its row has another tag'
  return [`lane ${lane}: ${what} up to ${position.seq} with tag ${position.tag}, but ${there}: it belongs to another history`]
}

function ofMinutes(where: 'cache' | 'rollup', got: ReadonlyMap<number, bigint>, rows: ReadonlyMap<number, bigint>): string[] {
  const minutes = [...new Set([...got.keys(), ...rows.keys()])].filter(minute => (got.get(minute) ?? 0n) !== (rows.get(minute) ?? 0n))
  const named = minutes
    .toSorted((a, b) => a - b)
    .slice(0, NAMED_MINUTES)
    .map(
      minute =>
        `minute ${minute} (${nameOf(minute)}): the ${where} has ${got.get(minute) ?? 0n}, Postgres has ${rows.get(minute) ?? 0n} rows`,
    )
  return minutes.length > NAMED_MINUTES ? [...named, `… and ${minutes.length - NAMED_MINUTES} more minutes of the ${where}`] : named
}

/** "2026-11-21T09:30Z"; the hash may hold any number, so one that a Date cannot hold is shown as it is. */
export function nameOf(minute: number): string {
  const date = new Date(minute * MINUTE_MS)
  return Number.isNaN(date.getTime()) ? `${minute}` : date.toISOString().replace(':00.000Z', 'Z')
}

function by(amount: bigint): string {
  return amount < 0n ? ` (${-amount} missing)` : ` (${amount} too many)`
}
