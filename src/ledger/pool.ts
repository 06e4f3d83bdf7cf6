import type { ClientConfig } from 'pg'
import { Pool as PostgresPool, type PoolOptions } from '../postgres/pool.ts'
import { LEDGER_SEARCH_PATH } from './search-path.ts'

/** As in src/postgres; the search_path of its sessions leads to Ping's tables. */
export class Pool extends PostgresPool {
  constructor(config: ClientConfig, options: Omit<PoolOptions, 'searchPath'>) {
    super(config, { ...options, searchPath: LEDGER_SEARCH_PATH })
  }
}
