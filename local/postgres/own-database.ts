import type { Client } from 'pg'
import { scramVerifier } from './passwords.ts'

export interface OwnDatabase {
  readonly role: string
  readonly database: string
  readonly password: string
}

/** No more rights than the owner of a database has in other installations. */
const LIMITS = 'login nosuperuser nocreatedb nocreaterole noreplication nobypassrls'

/** Makes sure that the role exists with this password and without further rights, and that it owns the database. */
export async function ownDatabase(client: Client, { role, database, password }: OwnDatabase): Promise<void> {
  await client.query(`do $$ begin
    if not exists (select from pg_roles where rolname = '${role}') then create role ${role}; end if;
  end $$`)
  await client.query(`alter role ${role} with ${LIMITS} password '${scramVerifier(password)}'`)
  const { rowCount } = await client.query('select from pg_database where datname = $1', [database])
  await client.query(rowCount === 0 ? `create database ${database} owner ${role}` : `alter database ${database} owner to ${role}`)
}
