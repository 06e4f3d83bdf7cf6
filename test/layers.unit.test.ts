import { existsSync, readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { objection, readRooms, roomOf } from './layers/rooms.ts'
import { findCycle, findFolderCycle, readSources, toSource } from './layers/sources.ts'

const ROOT = new URL('../', import.meta.url)
const rooms = readRooms(readFileSync(new URL('docs/architecture.md', ROOT), 'utf8'))
const FOLDERS = ['src', 'processor', 'pong', 'semaphore', 'broker', 'local', 'bench', 'scripts']
const sources = readSources(FOLDERS)
/** Programs for people at a terminal; all others log. */
const MAY_PRINT = /^(src\/cli|local|bench|scripts)\//
/** Folders with a program, each started by one file. */
const PROGRAMS = ['src/server', 'src/cli', 'processor', 'pong', 'semaphore', 'broker', 'local', 'bench']

describe('the layers of the code', () => {
  test('are found, and each file is in a room of docs/architecture.md', () => {
    expect(sources.length).toBeGreaterThan(100)
    expect(sources.flatMap(source => source.imports).length).toBeGreaterThan(400)
    expect(sources.filter(({ file }) => roomOf(rooms, file) === undefined).map(({ file }) => file)).toEqual([])
  })

  test('import only what docs/architecture.md allows, and no main of a program', () => {
    const wrong = sources.flatMap(({ file, imports }) =>
      imports.flatMap(imported => {
        const why = objection(rooms, file, imported)
        return why ? [`${file} imports ${imported}, which ${why}`] : []
      }),
    )
    expect(wrong).toEqual([])
  })

  test('have no room in docs/architecture.md that does not exist', () => {
    const named = rooms.flatMap(({ paths, mayImport }) => [...paths, ...mayImport])
    expect(named.filter(path => !existsSync(new URL(path, ROOT)))).toEqual([])
  })

  test('import no file that does not exist', () => {
    const missing = sources.flatMap(({ file, imports }) =>
      imports.filter(imported => !existsSync(new URL(imported, ROOT))).map(imported => `${file} imports ${imported}`),
    )
    expect(missing).toEqual([])
  })

  test('have no ring of imports', () => expect(findCycle(sources)).toBeUndefined())

  test.each(FOLDERS)('have no ring of imports between the files and folders of %s', room =>
    expect(findFolderCycle(sources.filter(({ file }) => file.startsWith(`${room}/`)))).toBeUndefined(),
  )

  test('read process.env in at most one file each, and only where a program starts', () => {
    const readers = sources.filter(({ code }) =>
      /\bprocess\s*\.\s*env\b|\bprocess\[|\{[^}]*\benv\b[^}]*\}\s*=\s*process\b|import \{[^}]*\benv\b[^}]*\} from 'node:process'/.test(
        code,
      ),
    )
    const byProgram = Object.groupBy(readers, ({ file }) => PROGRAMS.find(folder => file.startsWith(`${folder}/`)) ?? 'no program')
    for (const [program, files = []] of Object.entries(byProgram)) {
      expect(PROGRAMS).toContain(program)
      expect(
        files.map(({ file }) => file),
        `of ${program}`,
      ).toHaveLength(1)
    }
    expect(readers.map(({ file }) => file)).toContain('src/server/main.ts')
  })

  test('print to the console only in programs for people at a terminal', () => {
    const printing = sources
      .filter(({ code }) => /(?<![.#\w])console\s*\.\s*\w+\s*\(/.test(code))
      .filter(({ file }) => !MAY_PRINT.test(file))
    expect(printing.map(({ file }) => file)).toEqual([])
  })

  test('call nothing utils, helpers, common or manager', () => {
    const vague = sources.filter(({ file }) => /\b(utils?|helpers?|common|managers?)\b/.test(file))
    expect(vague.map(({ file }) => file)).toEqual([])
  })
})

describe('the watch over the layers', () => {
  test.each([
    ['src/ledger/heads.ts', 'src/server/recorder/recorder.ts'],
    ['src/server/wiring.ts', 'processor/lanes.ts'],
    ['processor/lanes.ts', 'src/server/recorder/recorder.ts'],
    ['processor/lanes.ts', 'src/relay/relay.ts'],
    ['src/relay/relay.ts', 'src/counters/hash.ts'],
    ['src/runtime/wait.ts', 'src/terms/ping.ts'],
    ['local/supervision/supervisor.ts', 'src/server/program.ts'],
    ['broker/log.ts', 'src/terms/ping.ts'],
    ['src/cli/ping/ping-command.ts', 'src/ledger/heads.ts'],
    ['src/cli/verify/verify-command.ts', 'src/kafka/kafka.ts'],
    ['src/cli/program.ts', 'src/cli/main.ts'],
    ['src/server/wiring.ts', 'test/support/redis.ts'],
  ])('objects when %s imports %s', (importer, imported) => expect(objection(rooms, importer, imported)).toBeDefined())

  test.each([
    ['src/cli/verify/look.ts', 'src/ledger/heads.ts'],
    ['src/server/wiring.ts', 'src/relay/relay.ts'],
    ['test/x.unit.test.ts', 'src/server/main.ts'],
  ])('does not object when %s imports %s', (importer, imported) => expect(objection(rooms, importer, imported)).toBeUndefined())

  test('sees every kind of import, but not those in comments', () => {
    const text = `import { a } from './a.ts'
import type { b } from "../b.ts"
import './c.ts'
export { d } from './d.ts'
const e = await import('./e.ts')
import {
  f,
} from './f.ts'
// import { g } from './g.ts'
/* import { h } from './h.ts' */
const address = 'http://host' // from './i.ts'
import pg from 'pg'`
    const { imports } = toSource('src/cli/x.ts', text)
    expect(imports).toEqual(['src/cli/a.ts', 'src/b.ts', 'src/cli/c.ts', 'src/cli/d.ts', 'src/cli/e.ts', 'src/cli/f.ts'])
  })

  test('finds a ring', () => {
    const source = (file: string, imported: string) => toSource(file, `import '${imported}'`)
    expect(findCycle([source('a/x.ts', './y.ts'), source('a/y.ts', './z.ts'), source('a/z.ts', './y.ts')])).toEqual([
      'a/y.ts',
      'a/z.ts',
      'a/y.ts',
    ])
    expect(findCycle([source('a/x.ts', './y.ts'), source('a/y.ts', './z.ts')])).toBeUndefined()
  })

  test('finds a ring between folders where no files form one', () => {
    const source = (file: string, imported: string) => toSource(file, `import '${imported}'`)
    const ring = [source('a/b/x.ts', '../c/y.ts'), source('a/c/z.ts', '../b/w.ts')]
    expect(findCycle(ring)).toBeUndefined()
    expect(findFolderCycle(ring)).toEqual(['a/b', 'a/c', 'a/b'])
    expect(findFolderCycle([source('a/b/x.ts', '../c/y.ts'), source('a/c/z.ts', '../d/w.ts')])).toBeUndefined()
    expect(findFolderCycle([source('a/x.ts', './b/y.ts'), source('a/b/z.ts', '../w.ts')])).toBeUndefined()
  })

  test('reads the table of a page: the deepest row names the room, and a room may import its inner rooms', () => {
    const page = `# A page\n\n## The rooms\n
| folder | what | may import |
| --- | --- | --- |
| \`a/\` | the outer room | nothing |
| \`a/inner/\`, \`a/one.ts\` | two that go together | \`b\`, \`c/only.ts\` |
| \`b/\` | below | nothing |
| \`c/\` | apart | nothing |

## Another heading

| \`d/\` | in another table | nothing |
`
    const table = readRooms(page)
    expect(roomOf(table, 'a/x.ts')?.paths).toEqual(['a'])
    expect(roomOf(table, 'a/inner/x.ts')?.paths).toEqual(['a/inner', 'a/one.ts'])
    expect(roomOf(table, 'd/x.ts')).toBeUndefined()
    const allowed = (importer: string, imported: string) => objection(table, importer, imported) === undefined
    expect(allowed('a/x.ts', 'a/inner/y.ts')).toBe(true)
    expect(allowed('a/inner/y.ts', 'a/x.ts')).toBe(false)
    expect(allowed('a/one.ts', 'a/inner/y.ts')).toBe(true)
    expect(allowed('a/one.ts', 'b/x.ts')).toBe(true)
    expect(allowed('a/one.ts', 'c/only.ts')).toBe(true)
    expect(allowed('a/one.ts', 'c/other.ts')).toBe(false)
    expect(allowed('a/x.ts', 'b/x.ts')).toBe(false)
  })

  test.each([
    ['a page without the table', '# A page\n', /no table/],
    ['a word that is no path', '## The rooms\n\n| f | w | i |\n| --- | --- | --- |\n| `a/` | w | everything |\n', /everything/],
    [
      'a row with a cell too many',
      '## The rooms\n\n| f | w | i |\n| --- | --- | --- |\n| `a/` | w | `b` |\n| `a/b/` | w | x | nothing |\n',
      /a\/b/,
    ],
    ['a row without its end', '## The rooms\n\n| f | w | i |\n| --- | --- | --- |\n| `a/` | w | `b` |\n| `a/b/` | w | nothing\n', /a\/b/],
    ['a row without a folder', '## The rooms\n\n| f | w | i |\n| --- | --- | --- |\n| | w | nothing |\n', /no folder/],
  ])('refuses %s', (_, page, message) => expect(() => readRooms(page)).toThrow(message))
})
