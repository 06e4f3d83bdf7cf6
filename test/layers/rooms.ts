/** Who may import whom: the rooms of the layout, each with the other rooms that it may import. Data flows one way. */
const MAY_IMPORT = {
  'src/gen': [],
  'src/runtime': [],
  'src/terms': [],
  'src/ledger': ['src/terms', 'src/runtime', 'src/gen'],
  'src/events': ['src/terms', 'src/runtime', 'src/gen'],
  'src/counters': ['src/terms', 'src/runtime', 'src/gen'],
  'src/relay': ['src/ledger', 'src/events', 'src/terms', 'src/runtime', 'src/gen'],
  'src/server': ['src/relay', 'src/ledger', 'src/events', 'src/counters', 'src/terms', 'src/runtime', 'src/gen'],
  'src/cli': ['src/ledger', 'src/counters', 'src/terms', 'src/runtime', 'src/gen'],
  processor: ['src/ledger', 'src/events', 'src/counters', 'src/terms', 'src/runtime', 'src/gen'],
  broker: ['src/runtime'],
  // Starts the programs as processes of their own: it imports none of them, but for their tables of settings.
  local: ['src/runtime'],
  // Starts them too, by the parts of `local`, and looks into what they wrote.
  bench: ['local', 'src/ledger', 'src/events', 'src/counters', 'src/terms', 'src/runtime', 'src/gen'],
  // Makes pages of the programs' settings.
  scripts: ['local', 'processor', 'broker', 'bench', 'src/cli', 'src/server', 'src/ledger', 'src/events', 'src/counters', 'src/runtime'],
} as const satisfies Record<string, readonly string[]>

export type Room = keyof typeof MAY_IMPORT
export const ROOMS = Object.keys(MAY_IMPORT) as readonly Room[]

/** Only these files of the command line may read Postgres and the cache: all others know the server alone. */
const CLI_DIRECT = /^src\/cli\/(stores|rebuild|verify)(\.ts$|\/)/

/** The programs' tables of settings, which `local` reads to refuse a wrong setting before it starts anything. */
const TABLES = /^(processor|src\/(counters|events|server))\/settings\.ts$/

/** The room of a file, by its path from the root; undefined outside of all. */
export function roomOf(file: string): Room | undefined {
  return ROOMS.find(room => file.startsWith(`${room}/`))
}

/** What is wrong with an import, or undefined. Both are paths from the root. */
export function objection(importer: string, imported: string): string | undefined {
  const [from, to] = [roomOf(importer), roomOf(imported)]
  if (from === undefined) return undefined
  if (to === undefined) return 'is in no room'
  if (isMain(imported)) return "is a program's main"
  if (from === to) return undefined
  if (from === 'local' && TABLES.test(imported)) return undefined
  const allowed: readonly string[] = MAY_IMPORT[from]
  if (!allowed.includes(to)) return `is above or beside ${from}, which may import ${allowed.join(', ') || 'nothing'}`
  if (from === 'src/cli' && (to === 'src/ledger' || to === 'src/counters') && !CLI_DIRECT.test(importer)) {
    return 'is for verify and rebuild only'
  }
  return undefined
}

function isMain(file: string): boolean {
  return /\/main\.[jt]s$/.test(file)
}
