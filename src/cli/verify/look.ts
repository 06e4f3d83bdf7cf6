import { ConnectError } from '@connectrpc/connect'
import { readWholeHash } from '../../counters/hash.ts'
import { CLAIM, HASH } from '../../counters/names.ts'
import type { Queryable } from '../../ledger/connect.ts'
import { checkHeads, readHeads } from '../../ledger/heads.ts'
import type { Pool } from '../../ledger/pool.ts'
import { readPositions } from '../../ledger/positions.ts'
import { countRows, countRowsAfter, countRowsByMinute, inSnapshot, readMinutesAt } from '../../ledger/snapshot.ts'
import { START, sumOfHeads, type Position } from '../../terms/position.ts'
import { describeFailure, isAccessRefused, reasonOf } from '../client/failures.ts'
import type { PingClient } from '../client/ping-client.ts'
import { CliError, EXIT } from '../exit-codes.ts'
import type { OpenCache } from '../stores/open-cache.ts'
import type { Asked, CacheEvidence, Evidence, LedgerEvidence, ServerEvidence } from './evidence.ts'

/** Minutes beyond every time that Postgres can hold. */
const NO_MINUTE_BELOW = -(2n ** 53n)
const NO_MINUTE_FROM = 2n ** 53n
const SERVER_TIMEOUT_MS = 2_000

export interface Sources {
  readonly ledger: Pool
  /** Undefined: skipped. */
  readonly cache: OpenCache | undefined
  readonly server: PingClient | undefined
  /** False: the published positions are not compared. */
  readonly topic: boolean
}

/** The heads' numbers by lane, which all parts have to reach. */
export type Goals = ReadonlyMap<number, bigint>

export async function readGoals({ ledger }: Sources): Promise<Goals> {
  return new Map((await readHeads(ledger)).map(({ lane, seq }) => [lane, seq]))
}

/**
 * Asks all parts once: the cache, then Postgres, then the server, so that a later answer contains the pings that were recorded
 * meanwhile. Rejects if Postgres is unreachable: without it there is nothing to compare with.
 */
export async function look({ ledger, cache, server, topic }: Sources, goals: Goals): Promise<Evidence> {
  const lanes = (await readPositions(ledger)).length
  const cached: Asked<CacheEvidence> = cache ? await asked(() => readCache(cache, lanes)) : { kind: 'left out' }
  const recorded = await readLedger(ledger, goals, cached.kind === 'read' ? cached.value : undefined)
  const answers: Asked<Omit<ServerEvidence, 'totalAfter'>> = server ? await asked(() => askServer(server)) : { kind: 'left out' }
  const answered: Asked<ServerEvidence> =
    answers.kind === 'read' ? { kind: 'read', value: { ...answers.value, totalAfter: sumOfHeads(await readHeads(ledger)) } } : answers
  return { ledger: recorded, cache: cached, server: answered, topic }
}

/** A quick check: true if the cache and (with the topic) the published positions have reached the goals. */
export async function haveReached({ ledger, cache, topic }: Sources, goals: Goals): Promise<boolean> {
  const positions = await readPositions(ledger)
  const state = cache ? await asked(() => readCache(cache, positions.length)) : undefined
  return positions.every(({ lane, published }) => {
    const goal = goals.get(lane) ?? 0n
    const applied = state?.kind === 'read' ? (state.value.applied[lane]?.seq ?? 0n) : goal
    return applied >= goal && (!topic || published.seq >= goal)
  })
}

async function asked<T>(read: () => Promise<T>): Promise<Asked<T>> {
  try {
    return { kind: 'read', value: await read() }
  } catch (error) {
    if (error instanceof ConnectError && isAccessRefused(error))
      throw new CliError(EXIT.refused, `refused: ${describeFailure(error)}`, { cause: error })
    return { kind: 'away', reason: reasonOf(error) }
  }
}

async function readCache({ cache, ready }: OpenCache, lanes: number): Promise<CacheEvidence> {
  await ready()
  const [hash, fields, claimed] = await Promise.all([readWholeHash(cache, lanes), cache.hlen(HASH), cache.hexists(HASH, CLAIM)])
  if (fields === 0) throw new Error(`${HASH} does not exist`)
  if (claimed) throw new Error(`${HASH} is claimed: a rebuild is running or has died`)
  if (!hash) throw new Error(`${HASH} lacks fields or has another number of lanes`)
  const { total, minutesFrom, minutesTo, lanes: states } = hash.state
  return { total, minutesFrom, minutesTo, applied: states.map(state => state.applied), minutes: hash.minutes }
}

async function readLedger(pool: Pool, goals: Goals, cache: CacheEvidence | undefined): Promise<LedgerEvidence> {
  const from = cache && cache.minutesFrom !== -Infinity ? BigInt(cache.minutesFrom) : NO_MINUTE_BELOW
  const to = cache ? BigInt(cache.minutesTo) : NO_MINUTE_FROM
  return inSnapshot(pool, async db => {
    const applied = new Map(cache?.applied.entries())
    const lanes = await readLanes(db, goals, applied)
    const heads = new Map(lanes.map(({ lane, head }) => [lane, head]))
    const minutes = await countRowsByMinute(db, from, to)
    const appliedMinutes = less(minutes, await countRowsAfter(db, applied, from, to))
    return { lanes, minutes, rollup: await readMinutesAt(db, heads, from, to), appliedMinutes }
  })
}

function less(minutes: ReadonlyMap<number, bigint>, others: ReadonlyMap<number, bigint>): ReadonlyMap<number, bigint> {
  return new Map([...minutes].map(([minute, count]) => [minute, count - (others.get(minute) ?? 0n)]))
}

async function readLanes(db: Queryable, goals: Goals, applied: ReadonlyMap<number, Position>): Promise<LedgerEvidence['lanes']> {
  const rows = await countRows(db)
  const positions = await readPositions(db)
  const heads = new Map((await checkHeads(db, applied)).map(head => [head.lane, head]))
  const published = await checkHeads(db, new Map(positions.map(each => [each.lane, each.published])))
  const arePublished = new Set(published.filter(({ holds }) => holds).map(({ lane }) => lane))
  return positions.map(({ lane, published, folded }) => {
    const head = heads.get(lane)
    return {
      lane,
      head: head ? { seq: head.seq, tag: head.tag } : START,
      rows: rows.get(lane) ?? 0n,
      published,
      folded,
      goal: goals.get(lane) ?? 0n,
      holds: { published: arePublished.has(lane), applied: !applied.has(lane) || head?.holds === true },
    }
  })
}

async function askServer(server: PingClient): Promise<Omit<ServerEvidence, 'totalAfter'>> {
  const call = { timeoutMs: SERVER_TIMEOUT_MS }
  const [strong, cached] = await Promise.all([
    server.count({ range: undefined, strong: true }, call),
    server.count({ range: undefined, strong: false }, call),
  ])
  return { strong, cached }
}
