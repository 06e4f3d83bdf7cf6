/**
 * The invariants I1–I7 of the design as functions: each returns its violations in words, none if it holds.
 * They check from outside, with their own SQL and commands, never through the code that they check.
 */
import { Redis } from 'ioredis'
import type pg from 'pg'
import { wait } from '../../src/runtime/wait.ts'
import type { SentPing } from './load.ts'
import { plainClient } from './plain-client.ts'
import { readTopic } from './read-topic.ts'

/** This many are named; the others are only counted. */
const NAMED = 5

export async function withDatabase<T>(url: string, use: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = plainClient(url)
  client.on('error', () => undefined)
  await client.connect()
  try {
    return await use(client)
  } finally {
    await client.end().catch(() => undefined)
  }
}

/** I1: every acknowledged id is in Postgres. */
export async function i1Lost(databaseUrl: string, sent: readonly SentPing[]): Promise<readonly string[]> {
  const acked = sent.filter(ping => ping.ackedMs !== undefined).map(ping => ping.id)
  const lost = await withDatabase(databaseUrl, async client => {
    const { rows } = await client.query(
      'select id from unnest($1::uuid[]) as id where not exists (select from pings p where p.id = id.id)',
      [acked],
    )
    return rows.map(row => String(row.id))
  })
  return named('acknowledged, but not in Postgres', lost)
}

/** I2: each id once, each sent by a caller, and with the time that it was sent with. */
export async function i2Double(databaseUrl: string, sent: readonly SentPing[]): Promise<readonly string[]> {
  const known = new Map(sent.map(ping => [ping.id, ping]))
  const rows = await withDatabase(databaseUrl, client =>
    client.query<{ id: string; ms: string }>('select id, (extract(epoch from pinged_at) * 1000)::bigint::text as ms from pings'),
  )
  const seen = new Set<string>()
  const [double, foreign, wrong]: [string[], string[], string[]] = [[], [], []]
  for (const { id, ms } of rows.rows) {
    const ping = known.get(id)
    if (seen.has(id)) double.push(id)
    seen.add(id)
    if (!ping) foreign.push(id)
    else if (ping.timestampMs !== undefined && String(ping.timestampMs) !== ms) wrong.push(id)
  }
  return [
    ...named('twice in Postgres', double),
    ...named('in Postgres, but never sent', foreign),
    ...named('in Postgres with another time', wrong),
  ]
}

/** I3: in each lane seq is 1..head without gaps; the sum of the heads is COUNT(*). */
export async function i3Gaps(databaseUrl: string): Promise<readonly string[]> {
  return withDatabase(databaseUrl, async client => {
    const lanes = await client.query(
      'select lane, min(seq)::int as first, max(seq)::int as head, count(distinct seq)::int as numbers, count(*)::int as rows from pings group by lane',
    )
    const total = await client.query('select count(*)::int as rows from pings')
    const sum = lanes.rows.reduce((heads, { head }) => heads + head, 0)
    const gaps = lanes.rows.filter(({ first, head, numbers, rows }) => first !== 1 || head !== numbers || numbers !== rows)
    const sumIsWrong = sum === total.rows[0].rows ? [] : [`the heads' sum is ${sum}, COUNT(*) is ${total.rows[0].rows}`]
    return [...gaps.map(({ lane, first, head, rows }) => `lane ${lane}: seqs ${first} to ${head} in ${rows} rows`), ...sumIsWrong]
  })
}

/** How long I4 may take after the last ping, in ms. */
export const CACHE_TRUE_WITHIN_MS = 3_000

/**
 * I4: the cache's total is the sum of the heads, its minutes are SQL's, its applied positions the heads. Looks until
 * it holds or `limitMs` are over. Also returns how long it took, in ms.
 */
export async function i4Cache(
  databaseUrl: string,
  redisUrl: string,
  limitMs: number,
): Promise<{ violations: readonly string[]; tookMs: number }> {
  const began = performance.now()
  const cache = new Redis(redisUrl)
  cache.on('error', () => undefined)
  try {
    for (;;) {
      const violations = await compareCache(databaseUrl, await cache.hgetall('ping:counters'))
      const tookMs = performance.now() - began
      if (violations.length === 0 || tookMs > limitMs) return { violations, tookMs }
      await wait(50)
    }
  } finally {
    cache.disconnect()
  }
}

const LANES = `select l.lane, coalesce(h.seq, 0)::text || ':' || coalesce(h.tag, 0)::text as position, coalesce(h.seq, 0)::int as seq
  from ping_lanes l left join lateral (select seq, tag from pings p where p.lane = l.lane order by seq desc limit 1) h on true`
const MINUTES = `select floor(extract(epoch from pinged_at) / 60)::bigint::text as minute, count(*)::text as count from pings group by 1`

async function compareCache(databaseUrl: string, hash: Readonly<Record<string, string>>): Promise<readonly string[]> {
  const { lanes, minutes } = await withDatabase(databaseUrl, async client => {
    await client.query('begin isolation level repeatable read read only')
    return { lanes: (await client.query(LANES)).rows, minutes: (await client.query(MINUTES)).rows }
  })
  const total = lanes.reduce((sum, { seq }) => sum + seq, 0)
  const from = hash['minutes-from'] === '-' ? -Infinity : Number(hash['minutes-from'])
  const to = Number(hash['minutes-to'])
  const violations = hash['total'] === String(total) ? [] : [`total is ${hash['total']}, the heads' sum is ${total}`]
  for (const { lane, position } of lanes) {
    if (hash[`applied:${lane}`] !== position) violations.push(`applied:${lane} is ${hash[`applied:${lane}`]}, the head is ${position}`)
    if (hash[`asof:${lane}`] === undefined) violations.push(`asof:${lane} is missing`)
  }
  const expected = new Map(
    minutes.filter(({ minute }) => Number(minute) >= from && Number(minute) < to).map(({ minute, count }) => [`minute:${minute}`, count]),
  )
  const held = Object.keys(hash).filter(field => field.startsWith('minute:'))
  const wrong = [...new Set([...expected.keys(), ...held])].filter(field => hash[field] !== expected.get(field))
  return [
    ...violations,
    ...named(
      'minutes that differ from SQL',
      wrong.map(field => `${field} is ${hash[field]}, SQL counts ${expected.get(field)}`),
    ),
  ]
}

/** I6: the topic, de-duplicated by (lane, seq, tag), contains every row. Waits until all is published. */
export async function i6Topic(databaseUrl: string, brokers: string, topic: string, limitMs = 20_000): Promise<readonly string[]> {
  const unpublished = await untilPublished(databaseUrl, limitMs)
  if (unpublished > 0) return [`after ${limitMs} ms ${unpublished} rows are not published`]
  const inTopic = new Set(await readTopic(brokers, topic))
  const rows = await withDatabase(databaseUrl, client => client.query('select lane, seq, tag from pings'))
  return named(
    'rows that are not in the topic',
    rows.rows.map(({ lane, seq, tag }) => `${lane}/${seq}/${tag}`).filter(place => !inTopic.has(place)),
  )
}

async function untilPublished(databaseUrl: string, limitMs: number): Promise<number> {
  const deadline = performance.now() + limitMs
  return withDatabase(databaseUrl, async client => {
    for (;;) {
      const { rows } = await client.query('select (select count(*) from pings) - (select sum(published_seq) from ping_lanes) as missing')
      const missing = Number(rows[0].missing)
      if (missing <= 0 || performance.now() > deadline) return missing
      await wait(100)
    }
  })
}

function named(what: string, items: readonly string[]): readonly string[] {
  if (items.length === 0) return []
  const more = items.length > NAMED ? ` and ${items.length - NAMED} more` : ''
  return [`${what}: ${items.slice(0, NAMED).join(', ')}${more}`]
}
