import { readSettingFile } from '../../src/runtime/setting-file.ts'
import { SettingsError } from '../../src/runtime/settings.ts'
import { parseProperties, PropertiesError } from './properties.ts'

/** Values by Kafka's names, from a program that imports the broker. */
export type ConfigOptions = Readonly<Record<string, string | number | bigint | boolean | readonly string[] | undefined>>

export interface ConfigSources {
  /** The path of a properties file, such as Kafka's server.properties. */
  readonly file?: string | undefined
  /** Override the file. Undefined values are ignored. */
  readonly options?: ConfigOptions | undefined
  /** `key=value`: override everything else. Of several for the same key, the last one wins. */
  readonly overrides?: readonly string[] | undefined
}

/** The string that was given for a key, and where. */
export interface Given {
  readonly text: string
  /** For error messages; empty for options. */
  readonly where: string
}

/** The string that was given for each key. Throws `SettingsError` for a file or an override that cannot be read. */
export function gather({ file, options = {}, overrides = [] }: ConfigSources): ReadonlyMap<string, Given> {
  const given = new Map<string, Given>()
  for (const [key, got] of file === undefined ? [] : readProperties(file)) given.set(key, got)
  for (const [key, value] of Object.entries(options)) {
    if (value !== undefined) given.set(key, { text: Array.isArray(value) ? value.join(',') : String(value), where: '' })
  }
  const wrong: string[] = []
  for (const override of overrides) {
    const [, key, text = ''] = /^\s*([^=\s]+)\s*=(.*)$/s.exec(override) ?? []
    if (key === undefined) wrong.push(`--override: got ${JSON.stringify(override)}, expected key=value`)
    else given.set(key, { text: text.trim(), where: '--override' })
  }
  if (wrong.length > 0) throw new SettingsError(wrong.join('\n'))
  return given
}

function readProperties(file: string): readonly (readonly [string, Given])[] {
  const text = readSettingFile('server.properties', file)
  try {
    return parseProperties(text).map(({ key, value, line }) => [key, { text: value.trim(), where: `${file}:${line}` }])
  } catch (error) {
    if (error instanceof PropertiesError) throw new SettingsError(`${file}: ${error.message}`, { cause: error })
    throw error
  }
}
