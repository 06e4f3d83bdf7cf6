import { FinalStartError } from '../launch/child.ts'
import { ownDatabase } from './own-database.ts'
import { DATABASE, OWNER, SUPERUSER, type Passwords } from './passwords.ts'
import { withSuperuser } from './with-superuser.ts'

const INVALID_PASSWORD = '28P01'

/** Objects that earlier versions created as the superuser, when there was no owner. */
const HAND_OVER = `do $$ declare thing text; begin
  for thing in
    select format('table %s', oid::regclass) from pg_class
    where relkind in ('r', 'p') and (relname = 'pings' or relname like 'ping\\_%') and relowner = '${SUPERUSER}'::regrole
    union all
    select format('function %s', oid::regprocedure) from pg_proc where proname like 'ping\\_%' and proowner = '${SUPERUSER}'::regrole
  loop execute format('alter %s owner to ${OWNER}', thing); end loop;
end $$`

/** Makes sure that the owner and the database exist, and that the owner owns all of Ping's objects in it. */
export async function setUpOwner(port: number, passwords: Passwords, passwordFile: string): Promise<void> {
  try {
    await withSuperuser(port, passwords, SUPERUSER, client =>
      ownDatabase(client, { role: OWNER, database: DATABASE, password: passwords.owner }),
    )
    await withSuperuser(port, passwords, DATABASE, client => client.query(HAND_OVER))
  } catch (error) {
    if ((error as { code?: string }).code !== INVALID_PASSWORD) throw error
    throw new FinalStartError(
      `postgres rejects the password in ${passwordFile}, which belongs to another data folder: remove the file, and the next start sets new passwords`,
      { cause: error },
    )
  }
}
