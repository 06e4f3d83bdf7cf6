import type { ClientConfig } from '../ledger/pg-types.ts'
import { migrate, NewerDatabaseError } from '../ledger/migrate.ts'
import type { Logger } from '../runtime/logger.ts'
import { retry } from '../runtime/retry.ts'
import { SettingsError } from '../runtime/settings.ts'

export interface SetUpOptions {
  readonly lanes: number
  readonly log: Logger
  readonly signal: AbortSignal
}

/**
 * Classes of SQLSTATE that another try does not mend: wrong data, a broken rule, a missing right, and
 * what a migration raises itself. EPIPE, of the socket, looks like one and is none.
 */
const FINAL = /^(0A|22|23|42|P0)[0-9A-Z]{3}$/

/** Brings the database to the newest version, however long it takes until Postgres answers. */
export async function setUpDatabase(postgres: ClientConfig, { lanes, log, signal }: SetUpOptions): Promise<void> {
  const asked = new Promise<never>((_, reject) => {
    const stop = () => reject(new Error('asked to stop while the database was set up'))
    if (signal.aborted) stop()
    else signal.addEventListener('abort', stop)
  })
  asked.catch(() => undefined)
  const attempt = () => Promise.race([migrate(postgres, { lanes, log, signal }), asked])
  await retry(attempt, { what: 'set up the database', log, signal, isFinal })
}

function isFinal(error: unknown): boolean {
  return error instanceof SettingsError || error instanceof NewerDatabaseError || FINAL.test(codeOf(error) ?? '')
}

function codeOf(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined
  return 'code' in error && typeof error.code === 'string' ? error.code : codeOf(error.cause)
}
