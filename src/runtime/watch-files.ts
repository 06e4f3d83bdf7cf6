import { readFile } from 'node:fs/promises'
import type { Logger } from './logger.ts'
import { readSettingFile, unreadable, type NamedFile } from './setting-file.ts'
import { SettingsError } from './settings.ts'

/** The contents of files, by name; undefined if the setting is absent. */
export type Texts<Name extends string> = Readonly<Record<Name, string | undefined>>

export interface WatchOptions<Name extends string, Value> {
  readonly files: Readonly<Record<Name, NamedFile>>
  /** Parses the contents; `inUse` is undefined at the start. Throws `SettingsError` if they cannot be used. */
  readonly parse: (texts: Texts<Name>, inUse: Value | undefined) => Value
  readonly log: Logger
  /** How often the files are read, in ms. */
  readonly everyMs?: number
}

export interface WatchedFiles<Value> {
  /** The value in use. */
  value(): Value
  /** Calls `listener` with each later value. */
  onChange(listener: (value: Value) => void): void
  stop(): void
}

const DEFAULT_EVERY_MS = 1_000

/**
 * Reads related files now, and again whenever they change. The contents are compared, because the file system's
 * notifications miss a symbolic link that changes far up the path, as with Kubernetes Secrets. A change counts once two
 * consecutive reads are the same, so that a half-written file or half a pair is not reported as a fault. Unusable files are
 * logged once and read again, and the last good value stays in use. Throws `SettingsError` at the start only.
 */
export function watchFiles<Name extends string, Value>(options: WatchOptions<Name, Value>): WatchedFiles<Value> {
  const { files, parse, log, everyMs = DEFAULT_EVERY_MS } = options
  const first = readNow(files)
  let value = parse(first, undefined)
  let inUse = JSON.stringify(first)
  let seen = inUse
  let warned: string | undefined
  let isLooking = false
  const listeners: ((value: Value) => void)[] = []

  const judge = (found: Texts<Name> | SettingsError, key: string): void => {
    try {
      if (found instanceof SettingsError) throw found
      value = parse(found, value)
    } catch (error) {
      if (!(error instanceof SettingsError)) throw error
      if (warned !== error.message) log.warn(`changed files cannot be used, keeping what was read before:\n${error.message}`)
      warned = error.message
      return
    }
    inUse = key
    warned = undefined
    log.info(`${settingsOf(files)}: changed, in use from now on`)
    for (const listener of listeners) listener(value)
  }
  const look = async (): Promise<void> => {
    const found = await readAgain(files)
    const key = found instanceof SettingsError ? found.message : JSON.stringify(found)
    const isSettled = key === seen
    seen = key
    if (!isSettled) return
    if (key !== inUse) judge(found, key)
    else warned = undefined // restored: the same fault would be a new one
  }
  const timer = setInterval(() => {
    if (isLooking) return // a slow disk
    isLooking = true
    look()
      .catch((err: unknown) => log.error({ err }, 'watching files failed'))
      .finally(() => (isLooking = false))
  }, everyMs).unref()
  return { value: () => value, onChange: listener => void listeners.push(listener), stop: () => clearInterval(timer) }
}

function readNow<Name extends string>(files: Readonly<Record<Name, NamedFile>>): Texts<Name> {
  const texts = Object.entries<NamedFile>(files).map(([name, { setting, file }]) => [name, file && readSettingFile(setting, file)])
  return Object.fromEntries(texts) as Texts<Name>
}

async function readAgain<Name extends string>(files: Readonly<Record<Name, NamedFile>>): Promise<Texts<Name> | SettingsError> {
  try {
    const texts = await Promise.all(
      Object.entries<NamedFile>(files).map(async ([name, named]) => [
        name,
        named.file && (await readFile(named.file, 'utf8').catch((error: unknown) => Promise.reject(unreadable(named, error)))),
      ]),
    )
    return Object.fromEntries(texts) as Texts<Name>
  } catch (error) {
    if (error instanceof SettingsError) return error
    throw error
  }
}

function settingsOf(files: Readonly<Record<string, NamedFile>>): string {
  return Object.values(files)
    .filter(({ file }) => file !== undefined)
    .map(({ setting }) => setting)
    .join(', ')
}
