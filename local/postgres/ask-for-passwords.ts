import { chownSync, existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { PostgresOptions } from '../launch/postgres.ts'
import { runSingleUser } from '../launch/run-single-user.ts'
import { SUPERUSER, writePasswords, scramVerifier, type Passwords } from './passwords.ts'

const PASSWORD_ONLY = `# Written by npm start: every connection needs a password.
host all all 127.0.0.1/32 scram-sha-256
host all all ::1/128 scram-sha-256
`
/** A line that allows connections without a password, as earlier versions of Ping had initdb write it. */
const TRUSTING = /^[ \t]*(local|host\w*)[ \t][^#\n]*\btrust\b/m

/**
 * Makes a database that no server runs on ask for passwords: sets the superuser's if `isNew`, keeps it in `file`, and removes what
 * allows connections without one. The order lets the next start repeat what a killed one left undone.
 */
export async function askForPasswords(
  options: PostgresOptions,
  { file, passwords, isNew }: { file: string; passwords: Passwords; isNew: boolean },
): Promise<void> {
  if (isNew) await runSingleUser(options, `alter role ${SUPERUSER} password '${scramVerifier(passwords.superuser)}'`)
  writePasswords(file, options.port, passwords)
  const hba = join(options.dataDir, 'pg_hba.conf')
  if (!existsSync(hba) || TRUSTING.test(readFileSync(hba, 'utf8'))) replace(hba, options)
}

function replace(hba: string, { user }: PostgresOptions): void {
  const fresh = `${hba}.new-${process.pid}`
  writeFileSync(fresh, PASSWORD_ONLY, { mode: 0o600 })
  if (user) chownSync(fresh, user.uid, user.gid)
  renameSync(fresh, hba)
}
