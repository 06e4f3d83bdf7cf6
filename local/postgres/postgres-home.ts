import { createHash, randomBytes } from 'node:crypto'
import {
  accessSync,
  chmodSync,
  constants,
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readlinkSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { CannotStart } from '../cannot-start.ts'
import { closedFolder, hasEntry, plainUser, type PlainUser } from '../launch/plain-user.ts'

export interface PostgresHome {
  readonly binaries: string
  /** Where the database lies. */
  readonly dataDir: string
  readonly user: PlainUser | undefined
  /** Set when the database had to go elsewhere: where and why. */
  readonly note?: string
}

/** Where else a database may lie, the most lasting first. */
const ELSEWHERE = ['/var/lib', '/var/tmp', '/tmp']

/**
 * Where PostgreSQL runs. As root it runs as a plain user, who must reach its programs and its data: when the data folder
 * or the clone lies under a closed folder, such as root's home, both go to a folder that is open, and a link in the
 * data folder leads there. Throws CannotStart when what is there can be no database, or none can be made.
 */
export function postgresHome(ours: string, binaries: string): PostgresHome {
  const dataDir = join(ours, 'postgres')
  const user = plainUser(existsSync(dataDir) ? realpathSync(dataDir) : undefined)
  checkDatabase(dataDir, user?.uid ?? process.getuid?.())
  if (!user) return { binaries, dataDir, user }
  const entry = lstatSync(dataDir, { throwIfNoEntry: false })
  const isElsewhere = entry?.isSymbolicLink() ?? false
  const closed = closedFolder(ours, user) ?? closedFolder(binaries, user)
  if (!isElsewhere && closed === undefined) return { binaries, dataDir, user }
  if (entry && !isElsewhere)
    throw new CannotStart(
      `${dataDir} holds the database, and user ${user.name}, as whom PostgreSQL runs, may not pass ${closed}: open that folder to it (chmod o+x), or move the database`,
    )
  const home = isElsewhere ? dirname(readlinkSync(dataDir)) : newHome(ours, user)
  mkdirSync(home, { recursive: true })
  chmodSync(home, 0o755) // whatever the umask says: the plain user must get in
  const reachable = closedFolder(binaries, user) === undefined ? binaries : copyOf(binaries, home)
  if (!isElsewhere) symlinkSync(join(home, 'postgres'), dataDir)
  const note = `its data lies in ${home}, since ${closed ?? 'the folder it was made in'} is closed to user ${user.name}, as whom it runs`
  return { binaries: reachable, dataDir: join(home, 'postgres'), user, note }
}

/** `uid`: as whom PostgreSQL would run. */
function checkDatabase(dataDir: string, uid: number | undefined): void {
  const found = statSync(dataDir, { throwIfNoEntry: false })
  if (found === undefined) return checkEntry(uid)
  if (!found.isDirectory()) throw new CannotStart(`${dataDir}: got a file, expected the folder of a database: move it away`)
  if (uid !== undefined && found.uid !== uid) {
    throw new CannotStart(
      `${dataDir} belongs to user ${found.uid}, and PostgreSQL would run as user ${uid}: start as user ${found.uid}, or with another PING_DATA_DIR`,
    )
  }
  const names = readdirSync(dataDir)
  if (names.includes('PG_VERSION')) return
  if (names.length === 0) return checkEntry(uid)
  throw new CannotStart(
    `${dataDir}: got a folder that holds ${names[0]} and no PG_VERSION, expected a database or nothing: restore it, or move the folder away to begin with an empty one`,
  )
}

function checkEntry(uid: number | undefined): void {
  if (uid === undefined || hasEntry(uid)) return
  throw new CannotStart(
    `user ${uid} has no entry in /etc/passwd, which PostgreSQL needs to make a database: run as a user that has one, or add one: echo 'ping:x:${uid}:${uid}::/tmp:/bin/sh' >> /etc/passwd`,
  )
}

/** A folder for this data folder alone; a data folder that is made anew gets a new one. */
function newHome(ours: string, user: PlainUser): string {
  const base = ELSEWHERE.find(folder => isWritable(folder) && closedFolder(folder, user) === undefined)
  if (base === undefined)
    throw new Error(`no folder for the database: got ${ELSEWHERE.join(', ')}, expected one that is writable and open to user ${user.name}`)
  const hash = createHash('sha256').update(realpathSync(ours)).digest('hex').slice(0, 8)
  return join(base, `ping-${hash}-${randomBytes(4).toString('hex')}`)
}

/** A copy of the PostgreSQL programs that the plain user can run. */
function copyOf(binaries: string, home: string): string {
  const copy = join(home, 'postgresql')
  if (!existsSync(copy)) {
    const fresh = join(home, `postgresql.new-${process.pid}`)
    cpSync(dirname(binaries), fresh, { recursive: true, verbatimSymlinks: true })
    rmSync(copy, { recursive: true, force: true })
    renameSync(fresh, copy)
  }
  return join(copy, 'bin')
}

function isWritable(folder: string): boolean {
  try {
    accessSync(folder, constants.W_OK)
    return true
  } catch {
    return false
  }
}
