import { join } from 'node:path'
import { readPgpass } from '../../runtime/pgpass.ts'
import { SettingsError } from '../../runtime/settings.ts'

/** Its address and credentials. */
export interface LocalLedger {
  readonly host: string
  readonly port: number
  readonly user: string
  readonly password: string
  readonly database: string
}

/** The database of `npm start`, as its owner, from the file in its data folder; undefined if there is none. Throws `SettingsError`. */
export function localLedger(dataDir: string): LocalLedger | undefined {
  const line = read(join(dataDir, 'pgpass'))?.find(({ database }) => database !== '*')
  return line && { host: line.host, port: Number(line.port), user: line.user, password: line.password, database: line.database }
}

function read(file: string): ReturnType<typeof readPgpass> {
  try {
    return readPgpass(file)
  } catch (cause) {
    throw new SettingsError(
      `PING_DATA_DIR: got a folder whose file ${file} cannot be read, expected a folder of this user; or set DATABASE_URL`,
      { cause },
    )
  }
}
