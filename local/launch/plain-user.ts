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

/** Accounts that nearly every machine has, the most suitable first. */
const CANDIDATES = ['postgres', 'nobody', 'daemon']

/**
 * PostgreSQL refuses to run as root. This is the account to run it as, or undefined if this process is not root: the owner of
 * `dataDir` if that exists and does not belong to root, else an ordinary account.
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
    `PostgreSQL does not run as root and needs an ordinary account: found none of ${CANDIDATES.join(', ')}; create one, or start as an ordinary user`,
  )
}

function idOf(name: string, option: '-u' | '-g'): number | undefined {
  try {
    return Number(execFileSync('id', [option, name], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }))
  } catch {
    return undefined // no such account
  }
}

/** Whether the machine has an account for a user id. In many containers, a user is only a number. */
export function hasEntry(uid: number): boolean {
  if (uid !== process.getuid?.()) return idOf(String(uid), '-u') === uid
  try {
    return userInfo().username !== ''
  } catch {
    return false
  }
}

/** The first folder on the way to `path` that `user` cannot enter, or undefined if it can enter all. */
export function closedFolder(path: string, user: PlainUser): string | undefined {
  for (let folder = realpathSync(path); ; folder = dirname(folder)) {
    const { uid, gid, mode } = statSync(folder)
    const shift = uid === user.uid ? 6 : gid === user.gid ? 3 : 0
    if (((mode >> shift) & 0o1) === 0) return folder
    if (folder === dirname(folder)) return undefined
  }
}
