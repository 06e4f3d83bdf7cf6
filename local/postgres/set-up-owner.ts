import type { Client } from 'pg'
import { createPostgresClient, type PostgresClientConfig } from '../../src/runtime/postgres-client.ts'
import { FinalStartError } from '../launch/child.ts'
import { DATABASE, OWNER, scramVerifier, SUPERUSER, type Passwords } from './passwords.ts'

const INVALID_PASSWORD = '28P01'

const CREATE_OWNER = `do $$ begin
  if not exists (select from pg_roles where rolname = '${OWNER}') then create role ${OWNER}; end if;
end $$`
/** No more rights than the owner of a database has in other installations. */
const LIMIT_OWNER = `alter role ${OWNER} with login nosuperuser nocreatedb nocreaterole noreplication nobypassrls password`

/** Objects that earlier versions created as the superuser, when there was no owner. */
const HAND_OVER = `do $$ declare thing text; begin
  for thing in
    select format('table %s', oid::regclass) from pg_class
    where relkind in ('r', 'p') and (relname = 'pings' or relname like 'ping\\_%') and relowner = '${SUPERUSER}'::regrole
    union all
    select format('function %s', oid::regprocedure) from pg_proc where proname like 'ping\\_%' and proowner = '${SUPERUSER}'::regrole
  loop execute format('alter %s owner to ${OWNER}', thing); end loop;
end $$`

/** Makes sure that the owner and the database exist, and that the owner owns all of Ping's objects in it. */
export async function setUpOwner(port: number, passwords: Passwords, passwordFile: string): Promise<void> {
  const asSuperuser = { host: '127.0.0.1', port, user: SUPERUSER, password: passwords.superuser }
  try {
    await withClient({ ...asSuperuser, database: SUPERUSER }, createDatabase(passwords.owner))
    await withClient({ ...asSuperuser, database: DATABASE }, client => client.query(HAND_OVER))
  } catch (error) {
    if ((error as { code?: string }).code !== INVALID_PASSWORD) throw error
    throw new FinalStartError(
      `postgres rejects the password in ${passwordFile}, which belongs to another data folder: remove the file, and the next start sets new passwords`,
      { cause: error },
    )
  }
}

function createDatabase(password: string) {
  return async (client: Client): Promise<void> => {
    await client.query(CREATE_OWNER)
    await client.query(`${LIMIT_OWNER} '${scramVerifier(password)}'`)
    const { rowCount } = await client.query('select from pg_database where datname = $1', [DATABASE])
    await client.query(rowCount === 0 ? `create database ${DATABASE} owner ${OWNER}` : `alter database ${DATABASE} owner to ${OWNER}`)
  }
}

async function withClient(config: PostgresClientConfig, use: (client: Client) => Promise<unknown>): Promise<void> {
  const client = createPostgresClient(config)
  client.on('error', () => undefined) // the server ended meanwhile: its exit is reported elsewhere
  await client.connect()
  try {
    await use(client)
  } finally {
    await client.end()
  }
}
