import type { Client, ClientConfig } from 'pg'
import { connectClient as connectToPostgres, type ConnectOptions } from '../../src/postgres/connect.ts'

/** The search_path of the semaphore's sessions, as an SQL expression. */
export const SEMAPHORE_SEARCH_PATH = "'semaphore, pg_temp'"

/** As in src/postgres; the session's search_path leads to the semaphore's tables. */
export function connectClient(
  config: ClientConfig,
  applicationName: string,
  options: Omit<ConnectOptions, 'searchPath'> = {},
): Promise<Client> {
  return connectToPostgres(config, applicationName, { ...options, searchPath: SEMAPHORE_SEARCH_PATH })
}
