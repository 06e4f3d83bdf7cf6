import { readFileSync } from 'node:fs'
import type { Bench } from '../bench.ts'
import { startIpcChild } from '../load/ipc-child.ts'
import { runOrder } from '../load/load-generator.ts'
import { createDatabase, createLedger, type Database } from '../parts/databases.ts'
import { programFile, type Contender } from './contender.ts'
import type { SqlOrder } from './orders.ts'

/** Contender (e): one client of Postgres for each connection and one prepared, durable INSERT per call, into a table like Ping's. */
export async function startInserts(bench: Bench): Promise<Contender> {
  const database = await createLedger(bench.parts, 'singles')
  await database.query('create table singles (like pings including all)')
  return startSql(bench, { key: 'e', statement: 'insert', table: 'singles' }, database)
}

/** Contender (g): one `pgmq.send` per call, into a queue of pgmq, which is installed from its SQL file. */
export async function startPgmq(bench: Bench): Promise<Contender> {
  const database = await createDatabase(bench.parts, 'pgmq')
  await database.query(readFileSync(bench.options.pgmqSql ?? '', 'utf8'))
  await database.query("select pgmq.create('pings')")
  return startSql(bench, { key: 'g', statement: 'pgmq', table: 'pgmq.q_pings' }, database)
}

interface SqlContender {
  readonly key: 'e' | 'g'
  readonly statement: SqlOrder['statement']
  /** Where its rows are. */
  readonly table: string
}

async function startSql(bench: Bench, { key, statement, table }: SqlContender, database: Database): Promise<Contender> {
  const order: SqlOrder = { database: database.url, statement }
  const child = await startIpcChild(programFile('clients/sql.ts'), [JSON.stringify(order)])
  bench.teardown.add(child.stop)
  return {
    key,
    port: 0,
    pids: { postgres: { pid: bench.parts.postgres.pid, database: new URL(database.url).pathname.slice(1) } },
    run: load => runOrder(child, load),
    settle: async () => undefined,
    verify: async answered => {
      const { rows } = await database.query(
        `select count(*), current_setting('fsync') as fsync, current_setting('synchronous_commit') as commit from ${table}`,
      )
      const [{ count, fsync, commit }] = rows as [{ count: string; fsync: string; commit: string }]
      if (Number(count) === answered && fsync === 'on' && commit === 'on') return undefined
      return `${table}: ${answered} answered, ${count} rows, fsync ${fsync}, synchronous_commit ${commit}; expected as many rows, on and on`
    },
    stop: async () => {
      await child.stop()
      await database.drop()
    },
  }
}
