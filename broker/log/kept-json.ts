import { SettingsError } from '../../src/runtime/settings.ts'

/** Parses a small JSON file of the data folder. Throws a `SettingsError` that names the file if it is damaged. */
export function parseKept<T>(name: string, content: Buffer, read: (kept: unknown) => T): T {
  try {
    return read(JSON.parse(content.toString()))
  } catch (cause) {
    throw new SettingsError(
      `log.dirs: got a folder whose ${name} is damaged (${(cause as Error).message}), expected the file as the broker wrote it: restore it, or move the folder away to start with an empty one`,
      { cause },
    )
  }
}
