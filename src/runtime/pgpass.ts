import { readFileSync } from 'node:fs'

/** One line of a libpq password file; host, port, database and user may be `*`, for any. */
export interface PgpassLine {
  readonly host: string
  readonly port: string
  readonly database: string
  readonly user: string
  readonly password: string
}

/** The lines of a password file, or undefined if the file is missing. Malformed lines are ignored, as in libpq. Throws the system's error. */
export function readPgpass(file: string): readonly PgpassLine[] | undefined {
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
  return text.split('\n').flatMap(toLine)
}

function toLine(line: string): readonly PgpassLine[] {
  const fields = [...line.matchAll(/(?:^|:)((?:\\.|[^\\:])*)/g)].map(match => match[1]!.replaceAll(/\\(.)/g, '$1'))
  const [host, port, database, user, password] = fields
  if (line.startsWith('#') || !host || !port || !database || !user || !password || fields.length !== 5) return []
  return [{ host, port, database, user, password }]
}

export function pgpassText(lines: readonly PgpassLine[]): string {
  const escape = (field: string) => field.replaceAll(/[\\:]/g, '\\$&')
  return lines
    .map(({ host, port, database, user, password }) => `${[host, port, database, user, password].map(escape).join(':')}\n`)
    .join('')
}
