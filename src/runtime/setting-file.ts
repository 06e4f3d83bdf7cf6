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
    const got = part === undefined ? JSON.stringify(file) : `${part} ${JSON.stringify(file)}`
    throw new SettingsError(`${setting}: got ${got}, expected a file that can be read`, { cause: error })
  }
}
