import { readFileSync } from 'node:fs'
import { SettingsError } from './settings.ts'

/**
 * The text of a file that a setting names, such as a CA. Throws `SettingsError` if it cannot be read.
 *
 * @param part the parameter within the setting that names the file, if it is not the setting itself
 */
export function readSettingFile(setting: string, file: string, part?: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    throw unreadable({ setting, file, part }, error)
  }
}

/** The error for a file that cannot be read. */
export function unreadable({ setting, file, part }: NamedFile, cause: unknown): SettingsError {
  const got = part === undefined ? JSON.stringify(file) : `${part} with a file that is not shown (it is part of a secret)`
  return new SettingsError(`${setting}: got ${got}, expected a file that can be read`, { cause })
}

/** A file that a setting names; undefined if the setting is absent. */
export interface NamedFile {
  readonly setting: string
  readonly file: string | undefined
  readonly part?: string | undefined
}

/**
 * An object with the contents of files as properties. Each access reads the file again, and clients access them for every
 * connection, so certificates can be renewed while a program runs. Throws `SettingsError` if a file cannot be read now; if
 * it cannot be read later, the last content is used. Do not spread the object: a copy does not change.
 */
export function settingFiles<Name extends string>(files: Readonly<Record<Name, NamedFile>>): { readonly [N in Name]?: string } {
  const texts = {}
  for (const [name, { setting, file, part }] of Object.entries<NamedFile>(files)) {
    if (file === undefined) continue
    let last = readSettingFile(setting, file, part)
    const get = (): string => {
      try {
        last = readSettingFile(setting, file, part)
      } catch {
        // Perhaps it is being replaced. If it is permanently missing, the next start reports it.
      }
      return last
    }
    Object.defineProperty(texts, name, { enumerable: true, get })
  }
  return texts
}
