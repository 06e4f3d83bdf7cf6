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
  /** The folder of the database. */
  readonly dataDir: string
  readonly user: PlainUser | undefined
  /** Set when the database is outside of the data folder: where and why. */
  readonly note?: string
}

/** Where else a database may be stored, the most durable first. */
const ELSEWHERE = ['/var/lib', '/var/tmp', '/tmp']

/**
 * Where PostgreSQL runs. If started as root, it runs as an ordinary user, who must be able to enter the folders of its programs
 * and its data. If the data folder or the clone is below a closed folder, such as root's home, both go to an open folder, and
 * the data folder links to it. Throws CannotStart when the folder cannot be a database, or none can be created.
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
      `${dataDir} contains the database, but PostgreSQL runs as user ${user.name}, who cannot enter ${closed}: allow it with chmod o+x, or move the database`,
    )
  const home = isElsewhere ? dirname(readlinkSync(dataDir)) : newHome(ours, user)
  mkdirSync(home, { recursive: true })
  chmodSync(home, 0o755) // regardless of the umask: the ordinary user must be able to enter
  const reachable = closedFolder(binaries, user) === undefined ? binaries : copyOf(binaries, home)
  if (!isElsewhere) symlinkSync(join(home, 'postgres'), dataDir)
  const note = `its data is in ${home}, because it runs as user ${user.name}, who cannot enter ${closed ?? 'the folder where it was created'}`
  return { binaries: reachable, dataDir: join(home, 'postgres'), user, note }
}

/** `uid`: as whom PostgreSQL would run. */
function checkDatabase(dataDir: string, uid: number | undefined): void {
  const found = statSync(dataDir, { throwIfNoEntry: false })
  if (found === undefined) return checkEntry(uid)
  if (!found.isDirectory()) throw new CannotStart(`${dataDir}: got a file, expected the folder of a database: move the file away`)
  if (uid !== undefined && found.uid !== uid) {
    throw new CannotStart(
      `${dataDir} belongs to user ${found.uid}, and PostgreSQL would run as user ${uid}: start as user ${found.uid}, or with another PING_DATA_DIR`,
    )
  }
  const names = readdirSync(dataDir)
  if (names.includes('PG_VERSION')) return
  if (names.length === 0) return checkEntry(uid)
  throw new CannotStart(
    `${dataDir}: got a folder with ${names[0]} but without PG_VERSION, expected a database or an empty folder: restore it, or move the folder away to start with an empty database`,
  )
}

function checkEntry(uid: number | undefined): void {
  if (uid === undefined || hasEntry(uid)) return
  throw new CannotStart(
    `user ${uid} has no entry in /etc/passwd, which PostgreSQL needs to create a database: run as a user that has one, or add one: echo 'ping:x:${uid}:${uid}::/tmp:/bin/sh' >> /etc/passwd`,
  )
}

/** A folder for this data folder only; a data folder that is created again gets a new one. */
function newHome(ours: string, user: PlainUser): string {
  const base = ELSEWHERE.find(folder => isWritable(folder) && closedFolder(folder, user) === undefined)
  if (base === undefined)
    throw new Error(`no folder for the database: got ${ELSEWHERE.join(', ')}, expected one that is writable and open to user ${user.name}`)
  const hash = createHash('sha256').update(realpathSync(ours)).digest('hex').slice(0, 8)
  return join(base, `ping-${hash}-${randomBytes(4).toString('hex')}`)
}

/** A copy of the PostgreSQL programs that the ordinary user can run. */
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
