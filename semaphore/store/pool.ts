import type { ClientConfig } from 'pg'
import { Pool as PostgresPool, type PoolOptions } from '../../src/postgres/pool.ts'
import { SEMAPHORE_SEARCH_PATH } from './connect.ts'

/** As in src/postgres; the search_path of its sessions leads to the semaphore's tables. */
export class Pool extends PostgresPool {
  constructor(config: ClientConfig, options: Omit<PoolOptions, 'searchPath'>) {
    super(config, { ...options, searchPath: SEMAPHORE_SEARCH_PATH })
  }
}
