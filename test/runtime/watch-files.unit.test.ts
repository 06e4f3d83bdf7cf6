import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pino } from 'pino'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { SettingsError } from '../../src/runtime/settings.ts'
import { watchFiles, type WatchedFiles } from '../../src/runtime/watch-files.ts'

let folder: string
let watched: WatchedFiles<string> | undefined
let logged: { readonly level: number; readonly msg: string }[]

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'ping-test-watch-'))
  logged = []
  write('1', { cert: 'cert 1', key: 'key 1' })
  point('1')
})
afterEach(() => {
  watched?.stop()
  rmSync(folder, { recursive: true })
})

/** As Kubernetes mounts a Secret: files are links into the folder `..data`, which is a link that is swapped as a whole. */
function write(version: string, files: Record<string, string>): void {
  mkdirSync(join(folder, `..${version}`))
  for (const [name, text] of Object.entries(files)) {
    writeFileSync(join(folder, `..${version}`, name), text)
    if (version === '1') symlinkSync(join('..data', name), join(folder, name))
  }
}
function point(version: string): void {
  symlinkSync(`..${version}`, join(folder, '..new'))
  renameSync(join(folder, '..new'), join(folder, '..data'))
}

function watch(): WatchedFiles<string> {
  return watchFiles({
    files: {
      cert: { setting: 'CERT', file: join(folder, 'cert') },
      key: { setting: 'KEY', file: join(folder, 'key') },
      ca: { setting: 'CA', file: undefined },
    },
    parse: ({ cert, key, ca }) => {
      if (cert?.slice(5) !== key?.slice(4) || ca !== undefined) throw new SettingsError('KEY: got a key of another certificate')
      return `${cert}, ${key}`
    },
    log: pino({ level: 'debug' }, { write: line => void logged.push(JSON.parse(line)) }),
    everyMs: 5,
  })
}
const warnings = () => logged.filter(({ level }) => level === 40).map(({ msg }) => msg)

test('related files are read again when the link to their folder is swapped', async () => {
  watched = watch()
  const listener = vi.fn()
  watched.onChange(listener)
  expect(watched.value()).toBe('cert 1, key 1')
  write('2', { cert: 'cert 2', key: 'key 2' })
  point('2')
  await expect.poll(() => listener.mock.calls).toEqual([['cert 2, key 2']])
  expect(watched.value()).toBe('cert 2, key 2')
  expect(logged.map(({ msg }) => msg)).toEqual(['CERT, KEY: changed, in use from now on'])
})

test('unusable files are logged once, the last good value stays in use, and the next good value replaces it', async () => {
  watched = watch()
  write('2', { cert: 'cert 2', key: 'key 3' })
  point('2')
  await expect.poll(warnings).toHaveLength(1)
  expect(warnings()[0]).toMatch(/^changed files cannot be used, keeping what was read before:\nKEY: got a key of another certificate$/)
  const looks = vi.fn(() => watched?.value())
  await expect.poll(() => looks.mock.calls.push([]) && looks() && looks.mock.calls.length).toBeGreaterThan(5)
  expect(warnings()).toHaveLength(1)
  write('4', { cert: 'cert 4', key: 'key 4' })
  point('4')
  await expect.poll(() => watched?.value()).toBe('cert 4, key 4')
})

test('a fault that recurs after the good files were restored is logged again', async () => {
  watched = watch()
  write('2', { cert: 'cert 2', key: 'key 3' })
  const swap = async (): Promise<number> => {
    for (const version of ['1', '2']) {
      point(version)
      await new Promise(resolve => setTimeout(resolve, 50)) // time for two reads; nothing reports the first
    }
    return warnings().length
  }
  await expect.poll(swap).toBeGreaterThan(1) // on a slow machine a swap may go unseen: again, then
})

test('a deleted file is logged by name, and its last content stays in use', async () => {
  watched = watch()
  rmSync(join(folder, 'key'))
  await expect.poll(warnings).toHaveLength(1)
  expect(warnings()[0]).toContain(`KEY: got ${JSON.stringify(join(folder, 'key'))}, expected a file that can be read`)
  expect(watched.value()).toBe('cert 1, key 1')
})

test('a pair of files of which only one has changed so far is not reported as a fault', async () => {
  watched = watch()
  write('2', { cert: 'cert 2', key: 'key 2' })
  writeFileSync(join(folder, '..1', 'cert'), 'cert 2')
  point('2')
  await expect.poll(() => watched?.value()).toBe('cert 2, key 2')
  expect(warnings()).toEqual([])
})

test('files that cannot be read or used make the start fail', () => {
  rmSync(join(folder, 'cert'))
  expect(watch).toThrow(/^CERT: got .* expected a file that can be read/)
  writeFileSync(join(folder, 'cert'), 'cert 9')
  expect(watch).toThrow(SettingsError)
})
