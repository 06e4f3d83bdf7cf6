import type { Client, ClientConfig } from 'pg'
import { connectClient, processIdOf } from './connect.ts'

/**
 * True if Postgres is still running a statement of `client`, which has that application name. Asks over another connection, so it
 * also works if the network has lost the first. Rejects if Postgres cannot be asked.
 */
export async function isStillRunning(config: ClientConfig, client: Client, applicationName: string): Promise<boolean> {
  const asking = await connectClient(config, 'ping-look')
  try {
    const text = "select from pg_stat_activity where pid = $1 and application_name = $2 and state = 'active'"
    const found = await asking.query(text, [processIdOf(client), applicationName])
    return found.rowCount === 1
  } finally {
    await asking.end()
  }
}
