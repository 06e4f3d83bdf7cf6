import pg from 'pg'
import type { Part } from './part.ts'
import { postgresBinaries } from './parts/postgres-binaries.ts'
import { launchPostgres } from './parts/postgres.ts'
import { CannotStart } from './ports.ts'
import { postgresHome } from './postgres-home.ts'

export const DATABASE = 'ping'
/** PostgreSQL's own, for a database that is there already. */
const DUPLICATE_DATABASE = '42P04'

/** The embedded PostgreSQL 18, with Ping's database in it. `note` says where its data lies when not in the data folder. */
export function postgresPart(port: number, ours: string): { readonly part: Part; readonly note: string | undefined } {
  const binaries = postgresBinaries(18)
  if (!binaries) throw new CannotStart(`no PostgreSQL for ${process.platform}-${process.arch} in node_modules: run \`npm ci\` with development and optional packages`)
  const { note, ...home } = postgresHome(ours, binaries)
  return {
    note,
    part: {
      name: 'postgres',
      launch: async hooks => {
        const child = await launchPostgres({ ...home, port, settings: { log_line_prefix: '', log_checkpoints: 'off' }, ...hooks })
        await createDatabase(port)
        return child
      },
      stopSignal: 'SIGINT', // "fast": open transactions are rolled back, everything committed is written
      graceMs: 20_000,
      isEssential: true,
    },
  }
}

async function createDatabase(port: number): Promise<void> {
  const client = new pg.Client({ host: '127.0.0.1', port, user: 'postgres', database: 'postgres' })
  client.on('error', () => undefined) // the server ended meanwhile: its exit is told elsewhere
  await client.connect()
  try {
    const { rowCount } = await client.query('SELECT FROM pg_database WHERE datname = $1', [DATABASE])
    if (rowCount === 0) await client.query(`CREATE DATABASE ${DATABASE}`)
  } catch (error) {
    if ((error as { code?: string }).code !== DUPLICATE_DATABASE) throw error
  } finally {
    await client.end()
  }
}
