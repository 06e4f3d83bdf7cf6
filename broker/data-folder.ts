import {
  accessSync,
  closeSync,
  constants,
  existsSync,
  fsyncSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { explainFileError } from '../src/runtime/file-error.ts'
import { makeLevels } from '../src/runtime/make-levels.ts'
import { SettingsError } from '../src/runtime/settings.ts'
import { lockFolder } from './folder-lock.ts'
import { formatMeta, newClusterId, readMeta, type Meta } from './meta-properties.ts'

/** The data folder of a broker. No other process can open it until it is released. */
export interface DataFolder {
  readonly path: string
  /** 22 characters, generated when the folder was created. */
  readonly clusterId: string
  /** Problems that were found, as text for the log. */
  readonly findings: readonly string[]
  release(): void
}

/** Identifies the owner of the folder; the last file that is written in a new one. */
export const META = 'meta.properties'
/** SQLite, which holds the lock, cannot open longer paths. */
const MAX_PATH_BYTES = 500

/**
 * Creates the folder if it is missing, locks it and checks that it belongs to this node. Throws `SettingsError` if another broker uses it,
 * if it belongs to another node, to Apache Kafka or to something else, and if it cannot be created or written.
 */
export function openDataFolder({ path, nodeId }: { path: string; nodeId: number }): DataFolder {
  make(path)
  refuseForeign(path)
  const lock = lockFolder(path)
  try {
    const { clusterId } = existsSync(join(path, META)) ? check(path, nodeId) : create(path, nodeId)
    lock.sign()
    return { path, clusterId, findings: lock.finding === undefined ? [] : [lock.finding], release: () => lock.release() }
  } catch (error) {
    lock.release()
    throw error
  }
}

function make(path: string): void {
  const bytes = Buffer.byteLength(path)
  if (bytes > MAX_PATH_BYTES) throw new SettingsError(`log.dirs: got a path of ${bytes} bytes, expected at most ${MAX_PATH_BYTES}`)
  try {
    makeLevels(path)
    accessSync(path, constants.R_OK | constants.W_OK | constants.X_OK)
    readdirSync(path)
  } catch (cause) {
    throw new SettingsError(
      `log.dirs: got ${JSON.stringify(path)}, expected a folder that can be created and written (${explainFileError(cause, path)})`,
      { cause },
    )
  }
}

/** A folder without meta.properties must be empty, except for files that systems and crashed starts leave. */
function refuseForeign(path: string): void {
  if (existsSync(join(path, META))) return
  const others = readdirSync(path).filter(name => !name.startsWith('.') && name !== 'lost+found')
  if (others.length === 0) return
  throw new SettingsError(
    `log.dirs: got ${JSON.stringify(path)}, which contains ${others[0]} but no ${META}, expected an empty folder or one that a broker created`,
  )
}

function check(path: string, nodeId: number): Meta {
  const meta = readMeta(readText(join(path, META)), join(path, META))
  if (meta.nodeId === nodeId) return meta
  throw new SettingsError(
    `node.id: got ${nodeId}, expected ${meta.nodeId}, the id with which the data folder ${JSON.stringify(path)} was created`,
  )
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (cause) {
    throw new SettingsError(
      `log.dirs: ${file} cannot be read (${explainFileError(cause, file)}), expected the properties file that the broker wrote`,
      { cause },
    )
  }
}

/** Written under another name, synced and renamed: after a crash the file is either complete or missing. */
function create(path: string, nodeId: number): Meta {
  const meta = { clusterId: newClusterId(), nodeId }
  const aside = join(path, `.${META}.new`)
  const file = openSync(aside, 'w')
  try {
    writeFileSync(file, formatMeta(meta))
    fsyncSync(file)
  } finally {
    closeSync(file)
  }
  renameSync(aside, join(path, META))
  syncFolder(path)
  return meta
}

function syncFolder(path: string): void {
  const folder = openSync(path, 'r')
  try {
    fsyncSync(folder)
  } finally {
    closeSync(folder)
  }
}
