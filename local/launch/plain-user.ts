import { execFileSync } from 'node:child_process'
import { realpathSync, statSync } from 'node:fs'
import { userInfo } from 'node:os'
import { dirname } from 'node:path'

/** A user of this machine that is not root. */
export interface PlainUser {
  readonly name: string
  readonly uid: number
  readonly gid: number
}

/** Accounts that nearly every machine has, the fittest first. */
const CANDIDATES = ['postgres', 'nobody', 'daemon']

/**
 * Postgres refuses to run as root: the account to run it as then, or undefined when we are not root. It is the owner of
 * `dataDir` where that exists and is a plain user's.
 */
export function plainUser(dataDir?: string): PlainUser | undefined {
  if (process.getuid?.() !== 0) return undefined
  const owner = dataDir === undefined ? undefined : statSync(dataDir)
  if (owner && owner.uid !== 0) return { name: String(owner.uid), uid: owner.uid, gid: owner.gid }
  for (const name of CANDIDATES) {
    const [uid, gid] = [idOf(name, '-u'), idOf(name, '-g')]
    if (uid && gid) return { name, uid, gid }
  }
  throw new Error(
    `PostgreSQL does not run as root and needs a plain account: got none of ${CANDIDATES.join(', ')}; create one, or start as a plain user`,
  )
}

function idOf(name: string, option: '-u' | '-g'): number | undefined {
  try {
    return Number(execFileSync('id', [option, name], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }))
  } catch {
    return undefined // no such account
  }
}

/** Whether the machine has a name for a user. One that is given by number alone has none, as in many containers. */
export function hasEntry(uid: number): boolean {
  if (uid !== process.getuid?.()) return idOf(String(uid), '-u') === uid
  try {
    return userInfo().username !== ''
  } catch {
    return false
  }
}

/** The first folder on the way to `path` that `user` may not pass, or undefined when all are open to it. */
export function closedFolder(path: string, user: PlainUser): string | undefined {
  for (let folder = realpathSync(path); ; folder = dirname(folder)) {
    const { uid, gid, mode } = statSync(folder)
    const shift = uid === user.uid ? 6 : gid === user.gid ? 3 : 0
    if (((mode >> shift) & 0o1) === 0) return folder
    if (folder === dirname(folder)) return undefined
  }
}
