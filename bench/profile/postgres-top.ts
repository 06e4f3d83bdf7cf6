import { plainClient } from '../parts/plain-client.ts'
import type { Spent } from './top-list.ts'

/** Settings of a Postgres that counts what its functions and statements cost; it is slower for it. */
export const PROFILED_POSTGRES = {
  track_functions: 'all',
  shared_preload_libraries: 'pg_stat_statements',
  'pg_stat_statements.track': 'all',
}

export interface Called extends Spent {
  readonly calls: number
}

/** What a database spent its time on since it was made. Wall-clock time: a wait for a lock or for the disk is in it. */
export interface PostgresTop {
  /** The rows of `pings`. */
  readonly pings: number
  /** Own time of each function, not that of what it calls. */
  readonly functions: readonly Called[]
  /** Whole time of each statement, those within functions too. */
  readonly statements: readonly Called[]
}

const LENGTH = 12
const SHOWN_LENGTH = 110
const FUNCTIONS =
  'select funcname as what, calls, self_time * 1000 as us from pg_stat_user_functions where calls > 0 order by self_time desc limit $1'
const STATEMENTS = `select regexp_replace(left(query, 600), '\\s+', ' ', 'g') as what, calls, total_exec_time * 1000 as us
  from pg_stat_statements where dbid = (select oid from pg_database where datname = $2)
  order by total_exec_time desc limit $1`

export async function readPostgresTop(port: number, database: string): Promise<PostgresTop> {
  const ask = async (from: string, sql: string, values: unknown[] = []): Promise<readonly Row[]> => {
    const client = plainClient(`postgres://postgres@127.0.0.1:${port}/${from}`)
    await client.connect()
    try {
      return (await client.query<Row>(sql, values)).rows
    } finally {
      await client.end()
    }
  }
  const [pings] = await ask(database, 'select count(*) as calls from pings')
  const functions = await ask(database, FUNCTIONS, [LENGTH])
  await ask('postgres', 'create extension if not exists pg_stat_statements')
  const statements = await ask('postgres', STATEMENTS, [LENGTH, database])
  return { pings: Number(pings?.calls), functions: functions.map(called), statements: statements.map(called) }
}

interface Row {
  readonly what: string
  readonly calls: string
  readonly us: number
}

function called({ what, calls, us }: Row): Called {
  return { what: what.slice(0, SHOWN_LENGTH), calls: Number(calls), us }
}
