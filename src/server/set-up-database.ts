import { migrate } from '../ledger/migrate.ts'
import type { ClientConfig } from '../postgres/pg-types.ts'
import { retrySetUp, type SetUpOptions } from '../postgres/retry-set-up.ts'

/** Migrates the database to the newest version, as `retrySetUp` does. */
export function setUpDatabase(
  postgres: ClientConfig,
  { lanes, ...options }: SetUpOptions & { readonly lanes: number | undefined },
): Promise<void> {
  const { log, signal } = options
  return retrySetUp(() => migrate(postgres, { lanes, log, signal }), options)
}
