import type { Client, ClientConfig } from 'pg'
import { connectClient, processIdOf } from './connect.ts'

/**
 * True if the server still works on what `client`, of that application name, sent it. Asked over another
 * connection, so that it also tells when the network lost the first; rejects when the server cannot be asked.
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
