import type { Client } from 'pg'
import { postgresConfig, postgresSettings } from '../../src/postgres/settings.ts'
import { createPostgresClient } from '../../src/runtime/postgres-client.ts'
import { readSettings } from '../../src/runtime/settings.ts'

/** A client with Postgres' own defaults, not connected yet; libpq's variables in the shell have no effect on it. */
export function plainClient(url: string): Client {
  return createPostgresClient(postgresConfig(readSettings(postgresSettings, { DATABASE_URL: url })))
}
