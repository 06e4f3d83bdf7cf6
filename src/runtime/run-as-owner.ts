import { execFileSync } from 'node:child_process'
import { statSync } from 'node:fs'
import { SettingsError } from './settings.ts'

/**
 * If this process is root, it becomes the user who owns the first existing path of `paths`, so that this user owns the files that it
 * creates there. It stays root if root owns the path. Returns the user's id. Throws `SettingsError` if the system does not allow it.
 */
export function runAsOwner(paths: readonly string[]): number | undefined {
  if (process.getuid?.() !== 0) return undefined
  const owned = paths.map(path => statSync(path, { throwIfNoEntry: false })).find(found => found !== undefined)
  if (owned === undefined || owned.uid === 0) return undefined
  try {
    become(owned.uid, groupOf(owned.uid) ?? owned.gid)
  } catch (cause) {
    throw new SettingsError(
      `${paths.at(-1)} belongs to user ${owned.uid}, and root cannot switch to that user here (${(cause as Error).message}): start as user ${owned.uid}`,
      { cause },
    )
  }
  return owned.uid
}

function become(uid: number, gid: number): void {
  process.setgroups?.([gid])
  process.setgid?.(gid)
  process.setuid?.(uid)
}

/** Undefined for a user without an entry on this machine. */
function groupOf(uid: number): number | undefined {
  try {
    return Number(execFileSync('id', ['-g', String(uid)], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }))
  } catch {
    return undefined
  }
}
