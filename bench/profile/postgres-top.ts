import { plainClient } from '../parts/plain-client.ts'
import type { Spent } from './top-list.ts'

export interface Called extends Spent {
  readonly calls: number
}

/** What a database spent its time on since it was created. Wall-clock time, so waits for a lock or for the disk count. */
export interface PostgresTop {
  /** The rows of `pings`. */
  readonly pings: number
  /** Own time of each function, without the functions that it calls. */
  readonly functions: readonly Called[]
  /** Total time of each statement, including those within functions. */
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
