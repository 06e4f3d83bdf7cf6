import { CLAIM, HASH } from '../../counters/names.ts'
import { readWholeHash } from '../../counters/hash.ts'
import type { Queryable } from '../../ledger/connect.ts'
import { readHeads } from '../../ledger/heads.ts'
import type { Pool } from '../../ledger/pg-types.ts'
import { readPositions } from '../../ledger/positions.ts'
import { countRows, countRowsByMinute, inSnapshot, readMinutesAt } from '../../ledger/snapshot.ts'
import { START } from '../../terms/position.ts'
import type { PingClient } from '../client.ts'
import { reasonOf } from '../failures.ts'
import type { OpenCache } from '../stores.ts'
import type { Asked, CacheEvidence, Evidence, LedgerEvidence, ServerEvidence } from './evidence.ts'

/** Minutes beyond every time that Postgres can hold. */
const NO_MINUTE_BELOW = -(2n ** 53n)
const NO_MINUTE_FROM = 2n ** 53n
const SERVER_TIMEOUT_MS = 2_000

export interface Sources {
  readonly ledger: Pool
  /** Undefined: to be left out. */
  readonly cache: OpenCache | undefined
  readonly server: PingClient | undefined
  /** False: the published positions are not compared. */
  readonly topic: boolean
}

/** Asks all parts once. Rejects if Postgres is away: without it there is nothing to compare with. */
export async function look({ ledger, cache, server, topic }: Sources): Promise<Evidence> {
  const lanes = (await readPositions(ledger)).length
  const cached: Asked<CacheEvidence> = cache ? await asked(() => readCache(cache, lanes)) : { kind: 'left out' }
  const recorded = await readLedger(ledger, cached.kind === 'read' ? cached.value : undefined)
  const answered: Asked<ServerEvidence> = server ? await asked(() => askServer(server)) : { kind: 'left out' }
  return { ledger: recorded, cache: cached, server: answered, topic }
}

/** The quick part of a look: true if the cache and (with the topic) the published positions have reached the heads. */
export async function isQuiet({ ledger, cache, topic }: Sources): Promise<boolean> {
  const [heads, positions] = [await readHeads(ledger), await readPositions(ledger)]
  const state = cache ? await asked(() => readCache(cache, heads.length)) : undefined
  return heads.every(({ lane, seq }) => {
    const applied = state?.kind === 'read' ? state.value.applied[lane]?.seq : seq
    return applied === seq && (!topic || positions[lane]?.published.seq === seq)
  })
}

async function asked<T>(read: () => Promise<T>): Promise<Asked<T>> {
  try {
    return { kind: 'read', value: await read() }
  } catch (error) {
    return { kind: 'away', reason: reasonOf(error) }
  }
}

async function readCache({ cache, ready }: OpenCache, lanes: number): Promise<CacheEvidence> {
  await ready()
  const [hash, fields, claimed] = await Promise.all([readWholeHash(cache, lanes), cache.hlen(HASH), cache.hexists(HASH, CLAIM)])
  if (fields === 0) throw new Error(`it has no ${HASH}`)
  if (claimed) throw new Error(`${HASH} is claimed: it is being rebuilt, or a rebuild has died`)
  if (!hash) throw new Error(`${HASH} lacks fields, or is of another number of lanes`)
  const { total, minutesFrom, minutesTo, lanes: states } = hash.state
  return { total, minutesFrom, minutesTo, applied: states.map(state => state.applied), minutes: hash.minutes }
}

async function readLedger(pool: Pool, cache: CacheEvidence | undefined): Promise<LedgerEvidence> {
  const from = cache && cache.minutesFrom !== -Infinity ? BigInt(cache.minutesFrom) : NO_MINUTE_BELOW
  const to = cache ? BigInt(cache.minutesTo) : NO_MINUTE_FROM
  return inSnapshot(pool, async db => {
    const lanes = await readLanes(db)
    const heads = new Map(lanes.map(({ lane, head }) => [lane, head]))
    const minutes = await countRowsByMinute(db, from, to)
    return { lanes, minutes, rollup: await readMinutesAt(db, heads, from, to) }
  })
}

async function readLanes(db: Queryable): Promise<LedgerEvidence['lanes']> {
  const heads = new Map((await readHeads(db)).map(head => [head.lane, head]))
  const rows = await countRows(db)
  const positions = await readPositions(db)
  return positions.map(({ lane, published, folded }) => ({
    lane,
    head: heads.get(lane) ?? START,
    rows: rows.get(lane) ?? 0n,
    published,
    folded,
  }))
}

async function askServer(server: PingClient): Promise<ServerEvidence> {
  const call = { timeoutMs: SERVER_TIMEOUT_MS }
  const [strong, cached] = await Promise.all([
    server.count({ range: undefined, strong: true }, call),
    server.count({ range: undefined, strong: false }, call),
  ])
  return { strong, cached }
}
