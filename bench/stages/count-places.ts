import { MINUTE_MS, minuteOfClock } from '../../src/terms/minute.ts'
import type { Bench } from '../bench.ts'
import { createDatabase, ORIGINAL_TABLE, type Database } from '../parts/databases.ts'

/** The rows' times are spread over this long before now. */
const SPREAD_HOURS = 8 * 24
/** The ranges that are asked for: whole minutes, up to twelve hours ago. */
const [SHORT_MINUTES, WEEK_MINUTES, END_MINUTES_AGO] = [360, 7 * 24 * 60, 720]
const SMALL_ROWS = 1_000

/** A TimeRange as JSON. */
export interface JsonRange {
  readonly start: string
  readonly end: string
}

/** Databases with the same rows, for the plain way and for Ping, and a small one for Ping. */
export interface CountPlaces {
  readonly plain: Database
  readonly ping: Database
  readonly small: Database
  readonly smallRows: number
  /** Six hours. */
  readonly range: JsonRange
  readonly week: JsonRange
}

/**
 * Fills them. Ping's get the original's table, which its migration numbers: so the rows are the same and
 * nothing has to be published first.
 */
export async function createCountPlaces(bench: Bench): Promise<CountPlaces> {
  const { countRows } = bench.options
  const plain = await createDatabase(bench.parts, 'plain_count')
  await fill(plain, countRows)
  const ping = await createDatabase(bench.parts, 'ping_count', 'plain_count')
  await plain.query('create index on pings (pinged_at)')
  await plain.query('vacuum analyze pings')
  const small = await createDatabase(bench.parts, 'ping_small')
  await fill(small, SMALL_ROWS)
  const endMinute = minuteOfClock(Date.now()) - END_MINUTES_AGO
  const range = (minutes: number): JsonRange => ({ start: String((endMinute - minutes) * MINUTE_MS), end: String(endMinute * MINUTE_MS) })
  return { plain, ping, small, smallRows: SMALL_ROWS, range: range(SHORT_MINUTES), week: range(WEEK_MINUTES) }
}

async function fill(database: Database, rows: number): Promise<void> {
  await database.query(ORIGINAL_TABLE)
  await database.query(
    `insert into pings (id, pinged_at)
      select uuidv7(), now() - make_interval(secs => n::double precision / $1 * 3600 * $2) from generate_series(1, $1::int) as n`,
    [rows, SPREAD_HOURS],
  )
}
