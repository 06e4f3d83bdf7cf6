import { ownDatabase } from './own-database.ts'
import { DATABASE, SEMAPHORE, SUPERUSER, type Passwords } from './passwords.ts'
import { withSuperuser } from './with-superuser.ts'

/** By default every role may connect to every database. */
const CLOSE = [DATABASE, SEMAPHORE].map(database => `revoke all on database ${database} from public`).join('; ')

/**
 * Makes sure that the semaphore has a database of its own, and that neither its owner nor Ping's may connect to that of the other.
 * A schema in Ping's database would share its advisory locks, and its owner could not be kept from connecting.
 */
export async function setUpSemaphore(port: number, passwords: Passwords): Promise<void> {
  const { semaphore: password } = passwords
  if (password === undefined) throw new Error('the semaphore has no password')
  await withSuperuser(port, passwords, SUPERUSER, async client => {
    await ownDatabase(client, { role: SEMAPHORE, database: SEMAPHORE, password })
    await client.query(CLOSE)
  })
}
