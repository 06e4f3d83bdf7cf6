import { globSync, readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { PAGES } from './pages.ts'
import { findUnplain, PAIRS } from './plain-words.ts'

const ROOT = new URL('../../', import.meta.url).pathname
const FOLDERS = ['src', 'processor', 'pong', 'semaphore', 'broker', 'local', 'bench', 'scripts', 'bin', 'proto', 'k8s', 'test']
/** Not ours, or never changed again; and where the expressions are listed. */
const EXCEPT = [
  /^src\/gen\//,
  /^src\/ledger\/migrations\//, // a migration that has been applied does not change
  /^test\/ledger\/fixtures\//, // a dump of an older version
  /^test\/conformance\/(gen|proto)\//,
  /^test\/contract\/(original|released)\//,
  /^test\/broker\/(wire|conformance)\/recorded\//, // what clients and Apache Kafka sent
  /^test\/docs\/plain-words/,
]
/** A table of what not to write has to name it. */
const WITHOUT_WORDS = /^## Words\n[^]*$/m

const ENDINGS = ['ts', 'js', 'go', 'java', 'py', 'sql', 'lua', 'proto', 'yaml', 'json', 'sh', 'md']
/** Files at the root, and those without an ending. */
const OTHERS = ['package.json', 'skaffold.yaml', 'vitest.config.ts', 'Dockerfile', '.ci/run', '.ci/bare']

const files = [...globSync(`{${FOLDERS.join()}}/**/*.{${ENDINGS.join()}}`, { cwd: ROOT }), ...OTHERS]
  .filter(file => !file.includes('node_modules') && !EXCEPT.some(pattern => pattern.test(file)))
  .toSorted()

function unplainIn(file: string): readonly string[] {
  const text = readFileSync(`${ROOT}${file}`, 'utf8')
  return findUnplain(file === 'CONTRIBUTING.md' ? text.replace(WITHOUT_WORDS, '') : text).map(
    ({ line, found, instead }) => `${file}:${line}: got "${found}", write ${instead}`,
  )
}

describe('the words of Ping', () => {
  test('are plain English in programs, settings, manifests and tests', () => {
    expect(files.length).toBeGreaterThan(900)
    expect(files.flatMap(unplainIn)).toEqual([])
  })

  test.each(PAGES)('are plain English in %s', page => expect(unplainIn(page)).toEqual([]))

  test.each([
    ['a field is ill-formed', 'ill-formed'],
    ['// it waits for\n// ever', 'for ever'],
    [' * the caller is\n * told', 'is told'],
    ['const MOST_TOLD = 3', 'MOST_'],
    ["{ help: 'Most pings of one transaction.' }", "help: 'Most"],
    ["{\n  help:\n    'Longest wait, in ms.'\n}", "help:\n 'Longest"],
    ['a no-op handler behind Connect', 'behind'],
    ['Beside this, the processor ticks', 'Beside this'],
  ])('are found in %j', (text, found) => expect(findUnplain(text).map(finding => finding.found)).toContain(found))

  test.each([
    'forever',
    'for every one',
    'at least 3',
    'he told us',
    'the node is far away',
    'pass overhead',
    'a text file',
    'lane 1: 2 behind its head 3',
  ])('leave %j alone', text => expect(findUnplain(text)).toEqual([]))

  test('have a replacement for each expression', () => expect(PAIRS.every(([, instead]) => instead !== '')).toBe(true))
})
