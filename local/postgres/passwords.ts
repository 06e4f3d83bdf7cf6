import { createHash, createHmac, pbkdf2Sync, randomBytes } from 'node:crypto'
import { chmodSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pgpassText, readPgpass } from '../../src/runtime/pgpass.ts'

export const SUPERUSER = 'postgres'
/** Owns Ping's database and has no other rights. */
export const OWNER = 'ping'
export const DATABASE = 'ping'
/** Owns the database of the same name, which the semaphore uses, and has no other rights. */
export const SEMAPHORE = 'semaphore'
/** libpq's wildcard: the superuser may connect to every database. */
const ANY = '*'
const HOST = '127.0.0.1'

export interface Passwords {
  readonly owner: string
  readonly superuser: string
  /** Of the semaphore's role; undefined until the first start with it. */
  readonly semaphore?: string | undefined
}

/** The file with the passwords of the embedded PostgreSQL; psql reads it with PGPASSFILE, and pingcli by itself. */
export function passwordFile(dataDir: string): string {
  return join(dataDir, 'pgpass')
}

/** Undefined when the file is missing or malformed: then new passwords have to be set. */
export function readPasswords(file: string): Passwords | undefined {
  const lines = readPgpass(file) ?? []
  const passwordOf = (user: string) => lines.find(line => line.user === user)?.password
  const [owner, superuser] = [passwordOf(OWNER), passwordOf(SUPERUSER)]
  return owner === undefined || superuser === undefined ? undefined : { owner, superuser, semaphore: passwordOf(SEMAPHORE) }
}

export function newPasswords(): Passwords {
  return { owner: newPassword(), superuser: newPassword() }
}

/** Letters and digits, which need no escaping in a shell or a URL. */
export function newPassword(): string {
  return randomBytes(24).toString('hex')
}

/** Readable for its owner only, and written atomically. The database owner's line is first. */
export function writePasswords(file: string, port: number, { owner, superuser, semaphore }: Passwords): void {
  const place = { host: HOST, port: String(port) }
  const fresh = `${file}.new-${process.pid}`
  rmSync(fresh, { force: true })
  const lines = [
    { ...place, database: DATABASE, user: OWNER, password: owner },
    { ...place, database: ANY, user: SUPERUSER, password: superuser },
    ...(semaphore === undefined ? [] : [{ ...place, database: SEMAPHORE, user: SEMAPHORE, password: semaphore }]),
  ]
  writeFileSync(fresh, pgpassText(lines), { mode: 0o600 })
  chmodSync(fresh, 0o600) // regardless of the umask
  renameSync(fresh, file)
}

const ITERATIONS = 4096

/** What PostgreSQL stores of a password (RFC 5803). It is sent instead of the password, which thus is in no statement and no log. */
export function scramVerifier(password: string): string {
  const salt = randomBytes(16)
  const salted = pbkdf2Sync(password, salt, ITERATIONS, 32, 'sha256')
  const hmac = (text: string) => createHmac('sha256', salted).update(text).digest()
  const storedKey = createHash('sha256').update(hmac('Client Key')).digest('base64')
  return `SCRAM-SHA-256$${ITERATIONS}:${salt.toString('base64')}$${storedKey}:${hmac('Server Key').toString('base64')}`
}
