import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { buf } from '../server/http-fixture.ts'

const ROOT = fileURLToPath(new URL('../../', import.meta.url))
const ORIGINAL = 'test/contract/original'
const RELEASED = 'test/contract/released'
/** PingCount became NO_SIDE_EFFECTS, which allows GET and still allows POST. */
const ADDED_GET = 'RPC_SAME_IDEMPOTENCY_LEVEL'

let temporary: string
beforeEach(() => {
  temporary = mkdtempSync(join(tmpdir(), 'ping-contract-'))
})
afterEach(() => rmSync(temporary, { recursive: true, force: true }))

/** Compares the binary format, JSON (WIRE_JSON) and the API of generated code (FILE). */
function breaking(against: string, ...except: readonly string[]) {
  const config = { version: 'v2', breaking: { use: ['WIRE_JSON', 'FILE'], except } }
  return buf('breaking', temporary, '--against', against, '--config', JSON.stringify(config))
}

/** Copies the contract to the temporary folder, with one change. */
function copyContract(from = '', to = ''): void {
  cpSync(join(ROOT, 'proto'), temporary, { recursive: true })
  const file = join(temporary, 'ping/v1/ping.proto')
  const text = readFileSync(file, 'utf8')
  expect(text).toContain(from)
  writeFileSync(file, text.replace(from, to))
}

describe('the contract with callers', () => {
  test('passes the lint', async () => {
    expect(await buf('lint')).toEqual({ code: 0, stdout: '', stderr: '' })
  })

  test('is formatted', async () => {
    expect(await buf('format', '--diff', '--exit-code')).toEqual({ code: 0, stdout: '', stderr: '' })
  })

  test.each([
    ['src/gen', 'buf.gen.yaml'],
    ['test/conformance/gen', 'test/conformance/buf.gen.yaml'],
  ])('matches the committed generated code in %s', async (folder, template) => {
    expect(await buf('generate', '--template', template, '--output', temporary)).toMatchObject({ code: 0 })
    const generated = filesIn(join(temporary, folder))
    expect([...filesIn(join(ROOT, folder)).keys()]).toEqual([...generated.keys()])
    for (const [file, text] of filesIn(join(ROOT, folder))) expect(text, `${file} is stale: run npm run generate`).toBe(generated.get(file))
  })

  test('is compatible with the released contract', async () => {
    copyContract()
    expect(await breaking(RELEASED)).toEqual({ code: 0, stdout: '', stderr: '' })
  })

  test('is compatible with the contract of the original Ping', async () => {
    copyContract()
    expect(await breaking(ORIGINAL, ADDED_GET)).toEqual({ code: 0, stdout: '', stderr: '' })
  })

  test.each([
    ['a field with another number', 'int64 ping_count = 1', 'int64 ping_count = 9'],
    ['a field of another type', 'int64 ping_count = 1', 'string ping_count = 1'],
    ['a field with another name in JSON', 'int64 ping_count = 1', 'int64 total = 1'],
    ['a field without presence', 'optional int64 timestamp_ms', 'int64 timestamp_ms'],
    ['a method with another name', 'rpc PingCount', 'rpc CountPings'],
  ])('would be refused with %s', async (_, from, to) => {
    copyContract(from, to)
    expect((await breaking(RELEASED)).stdout).not.toBe('')
    expect((await breaking(ORIGINAL, ADDED_GET)).stdout).not.toBe('')
  })
})

/** The contents of the files below `folder`, by path, sorted by path. */
function filesIn(folder: string): ReadonlyMap<string, string> {
  const paths = readdirSync(folder, { recursive: true, withFileTypes: true }).filter(entry => entry.isFile())
  const files = paths.map(entry => join(entry.parentPath, entry.name)).sort()
  return new Map(files.map(file => [file.slice(folder.length), readFileSync(file, 'utf8')]))
}
