import { join } from 'node:path'
import { readPgpass } from '../../runtime/pgpass.ts'
import { SettingsError } from '../../runtime/settings.ts'

/** Where it is, and how to get in. */
export interface LocalLedger {
  readonly host: string
  readonly port: number
  readonly user: string
  readonly password: string
  readonly database: string
}

/** The database of `npm start`, as its owner, by what it left in its data folder; undefined when there is nothing. Throws `SettingsError`. */
export function localLedger(dataDir: string): LocalLedger | undefined {
  const line = read(join(dataDir, 'pgpass'))?.find(({ database }) => database !== '*')
  return line && { host: line.host, port: Number(line.port), user: line.user, password: line.password, database: line.database }
}

function read(file: string): ReturnType<typeof readPgpass> {
  try {
    return readPgpass(file)
  } catch (cause) {
    throw new SettingsError(
      `PING_DATA_DIR: got a folder whose file ${file} cannot be read, expected one of this user; or say by DATABASE_URL where Postgres is`,
      { cause },
    )
  }
}
