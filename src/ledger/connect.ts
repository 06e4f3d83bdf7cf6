import type { Client, ClientConfig } from 'pg'
import { connectClient as connectToPostgres, type ConnectOptions } from '../postgres/connect.ts'
import { LEDGER_SEARCH_PATH } from './search-path.ts'

export type { Queryable } from '../postgres/connect.ts'

/** As in src/postgres; the session's search_path leads to Ping's tables. */
export function connectClient(
  config: ClientConfig,
  applicationName: string,
  options: Omit<ConnectOptions, 'searchPath'> = {},
): Promise<Client> {
  return connectToPostgres(config, applicationName, { ...options, searchPath: LEDGER_SEARCH_PATH })
}
