import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { startChild } from '../../local/launch/child.ts'
import { systemEnvironment } from '../../local/launch/system-environment.ts'
import { writableFolder } from '../../src/runtime/compile-cache.ts'

const ROOT = join(import.meta.dirname, '..', '..')

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'ping-test-compiled-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

/** Runs a program that loads everything and then ends, since a setting is wrong. */
async function run(file: string, cache: string) {
  const env = { ...systemEnvironment(), NODE_COMPILE_CACHE: cache, PORT: 'none', PROCESSOR_PORT: 'none' }
  const child = await startChild({ name: file, command: process.execPath, args: [join(ROOT, file)], env })
  const { code } = await child.exited
  await child.read
  return { code, said: child.tail().map(line => (JSON.parse(line) as { msg: string }).msg) }
}

describe('the compile cache of a program', () => {
  test.each(['processor/main.ts', 'src/server/main.ts'])('goes to the configured folder: %s', async file => {
    await run(file, folder)
    const [version] = readdirSync(folder)
    expect(readdirSync(join(folder, version ?? '')).length).toBeGreaterThan(100)
  })

  test('may fail: the program runs as usual and logs nothing more', async () => {
    const file = join(folder, 'file')
    writeFileSync(file, '')
    expect(await run('processor/main.ts', join(file, 'cache'))).toEqual(await run('processor/main.ts', folder))
  })

  test('goes to the first writable folder, or to none', () => {
    writeFileSync(join(folder, 'file'), '')
    const closed = join(folder, 'file', 'cache')
    expect(writableFolder([closed, '/proc/none', join(folder, 'a', 'b'), folder])).toBe(join(folder, 'a', 'b'))
    expect(writableFolder([closed, '/proc/none'])).toBeUndefined()
  })
})
