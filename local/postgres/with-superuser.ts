import type { Client } from 'pg'
import { createPostgresClient } from '../../src/runtime/postgres-client.ts'
import { SUPERUSER, type Passwords } from './passwords.ts'

/** Calls `use` with a connection to a database, as the superuser. */
export async function withSuperuser(
  port: number,
  { superuser }: Passwords,
  database: string,
  use: (client: Client) => Promise<unknown>,
): Promise<void> {
  const client = createPostgresClient({ host: '127.0.0.1', port, user: SUPERUSER, password: superuser, database })
  client.on('error', () => undefined) // the server ended meanwhile: its exit is reported elsewhere
  await client.connect()
  try {
    await use(client)
  } finally {
    await client.end()
  }
}
