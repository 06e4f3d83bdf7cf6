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

/** What is said of a file that cannot be read. */
export function unreadable({ setting, file, part }: NamedFile, cause: unknown): SettingsError {
  const got = part === undefined ? JSON.stringify(file) : `${part} with a file that is not shown (it is part of a secret)`
  return new SettingsError(`${setting}: got ${got}, expected a file that can be read`, { cause })
}

/** A file that a setting names; without a file there is no property. */
export interface NamedFile {
  readonly setting: string
  readonly file: string | undefined
  readonly part?: string | undefined
}

/**
 * An object with the texts of files as properties, each read anew whenever it is asked for, which clients do for every
 * connection: certificates are renewed under a running program. Throws `SettingsError` if one cannot be read now; later
 * the text read last stands in for it. Not to be spread: a copy has the texts of its moment.
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
        // Perhaps it is being replaced. If it is gone for good, the next start says so.
      }
      return last
    }
    Object.defineProperty(texts, name, { enumerable: true, get })
  }
  return texts
}
