/** The table "The rooms" of docs/architecture.md: who may import whom. The page is the rule; nothing here repeats it. */
export interface Room {
  /** Folders and files from the root, without a slash at the end. */
  readonly paths: readonly string[]
  /** What these may import besides themselves and the rooms within them. */
  readonly mayImport: readonly string[]
}

const HEADING = '## The rooms'
/** A row of the table: its folders, what is in them, and what they may import. */
const ROW = /^\|([^|]*)\|[^|]*\|([^|]*)\|$/
const PATHS = /`([^`]+?)\/?`/g
/** The words that such a cell may hold beside paths. */
const FILLER = /^(\s|,|nothing|and)*$/

/** Reads the table. Throws when the page has none, when a row does not have three cells, or when a cell holds what is not a path. */
export function readRooms(page: string): readonly Room[] {
  const section = page.split(`${HEADING}\n`)[1]?.split(/^## /m)[0] ?? ''
  const rows = section
    .split('\n')
    .filter(line => line.startsWith('|'))
    .map(readRow)
  const rooms = rows.slice(2).map(([paths, imports]) => ({ paths: readPaths(paths), mayImport: readPaths(imports) }))
  if (rooms.length === 0) throw new Error(`got no table after ${JSON.stringify(HEADING)}`)
  const nameless = rows.slice(2).find((_, index) => rooms[index]!.paths.length === 0)
  if (nameless) throw new Error(`a row names no folder: ${nameless.join('|')}`)
  return rooms
}

function readRow(line: string): readonly [paths: string, imports: string] {
  const [, paths, imports] = ROW.exec(line) ?? []
  if (paths === undefined || imports === undefined) throw new Error(`got the row ${JSON.stringify(line)}, expected three cells`)
  return [paths, imports]
}

function readPaths(cell: string): readonly string[] {
  if (!FILLER.test(cell.replaceAll(PATHS, '')))
    throw new Error(`got ${JSON.stringify(cell.trim())}, expected paths in backticks, or nothing`)
  return [...cell.matchAll(PATHS)].map(([, path = '']) => path)
}

/** The room that a file is in: the one that names the longest part of its path. Undefined if there is none. */
export function roomOf(rooms: readonly Room[], file: string): Room | undefined {
  const named = (room: Room): number => Math.max(...room.paths.filter(path => isIn(file, path)).map(({ length }) => length), 0)
  const room = rooms.toSorted((a, b) => named(b) - named(a))[0]
  return room && named(room) > 0 ? room : undefined
}

/** What is wrong with an import, or undefined. Both are paths from the root. */
export function objection(rooms: readonly Room[], importer: string, imported: string): string | undefined {
  const [from, to] = [roomOf(rooms, importer), roomOf(rooms, imported)]
  if (from === undefined) return undefined
  if (to === undefined) return 'is in no room'
  if (/\/main\.[jt]s$/.test(imported)) return "is a program's main"
  if ([...from.paths, ...from.mayImport].some(path => isIn(imported, path))) return undefined
  return `is not for ${from.paths.join(', ')}, which may import ${from.mayImport.join(', ') || 'nothing'}`
}

function isIn(file: string, path: string): boolean {
  return file === path || file.startsWith(`${path}/`)
}
