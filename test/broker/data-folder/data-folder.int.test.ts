import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { openDataFolder } from '../../../broker/data-folder.ts'
import { SettingsError } from '../../../src/runtime/settings.ts'

const root = mkdtempSync(join(tmpdir(), 'ping-data-folder-'))
const started: ChildProcess[] = []
let folders = 0

afterAll(async () => {
  for (const child of started) child.kill('SIGKILL')
  rmSync(root, { recursive: true })
})

const newPath = (): string => join(root, `folder-${++folders}`)

function open(path: string, nodeId = 1) {
  return openDataFolder({ path, nodeId })
}

/** The reason why a folder is refused. */
function refusal(path: string, nodeId = 1): string {
  try {
    open(path, nodeId).release()
  } catch (error) {
    expect(error).toBeInstanceOf(SettingsError)
    return (error as SettingsError).message
  }
  throw new Error(`${path} was not refused`)
}

function writeMeta(text: string): string {
  const path = newPath()
  mkdirSync(path)
  writeFileSync(join(path, 'meta.properties'), text)
  return path
}

/** A separate process that holds the folder. */
async function holdElsewhere(path: string): Promise<ChildProcess> {
  const child = spawn(process.execPath, [join(import.meta.dirname, 'holder.ts'), path], { stdio: ['ignore', 'pipe', 'inherit'] })
  started.push(child)
  await once(child.stdout as NodeJS.ReadableStream, 'data')
  return child
}

describe('a data folder', () => {
  test('is created with a cluster id of 22 characters, and keeps it', () => {
    const path = join(newPath(), 'deeper')
    const first = open(path)
    first.release()
    expect(first.clusterId).toMatch(/^\w[\w-]{21}$/)
    expect(readFileSync(join(path, 'meta.properties'), 'utf8')).toContain(
      `\nversion=ping-broker-1\ncluster.id=${first.clusterId}\nnode.id=1\n`,
    )
    const again = open(path)
    again.release()
    expect(again.clusterId).toBe(first.clusterId)
    const other = open(newPath())
    other.release()
    expect(other.clusterId).not.toBe(first.clusterId)
  })

  test('belongs to one node', () => {
    const path = newPath()
    open(path, 3).release()
    expect(refusal(path, 4)).toBe(`node.id: got 4, expected 3, the id with which the data folder "${path}" was created`)
    open(path, 3).release()
  })

  test('is completed if an earlier start was interrupted', () => {
    const path = newPath()
    mkdirSync(path)
    for (const left of ['.lock', '.lock.pid', '.meta.properties.new']) writeFileSync(join(path, left), '')
    mkdirSync(join(path, 'lost+found'))
    open(path).release()
    expect(readdirSync(path)).toContain('meta.properties')
    expect(readdirSync(path)).not.toContain('.meta.properties.new')
  })

  test('is refused and left unchanged if another program uses it', () => {
    const path = newPath()
    mkdirSync(path)
    writeFileSync(join(path, 'thesis.txt'), '')
    expect(refusal(path)).toContain('which contains thesis.txt but no meta.properties, expected an empty folder')
    expect(readdirSync(path)).toEqual(['thesis.txt'])
  })

  test('is refused and left unchanged if it belongs to Apache Kafka', () => {
    const path = writeMeta('version=1\ncluster.id=MkU3OEVBNTcwNTJENDM2Qk\nnode.id=1\ndirectory.id=x\n')
    expect(refusal(path)).toContain('belongs to Apache Kafka (version 1), expected a folder of this broker')
    expect(existsSync(join(path, '.lock.pid'))).toBe(false)
  })

  test('is refused if a later version wrote it', () => {
    expect(refusal(writeMeta('version=ping-broker-2\ncluster.id=MkU3OEVBNTcwNTJENDM2Qk\nnode.id=1\n'))).toMatch(
      /has version ping-broker-2, expected ping-broker-1: a later version of ping-broker wrote/,
    )
  })

  test.each([
    ['', 'version: got none'],
    ['version=x', 'version: got "x", expected ping-broker-1'],
    ['version=ping-broker-', 'version: got "ping-broker-"'],
    ['version=ping-broker-1', 'cluster.id: got "", expected 22 characters'],
    ['version=ping-broker-1\ncluster.id=short\nnode.id=1', 'cluster.id: got "short"'],
    ['version=ping-broker-1\ncluster.id=MkU3OEVBNTcwNTJENDM2Qk\nnode.id=one', 'node.id: got "one", expected a number'],
    ['version=ping-broker-1\ncluster.id=\\u1', 'line 2: '],
  ])('is damaged if meta.properties is %j', (text, what) => {
    const message = refusal(writeMeta(text))
    expect(message).toMatch(/meta\.properties is damaged: /)
    expect(message).toContain(what)
  })

  test('must be a folder that can be created', () => {
    const file = newPath()
    writeFileSync(file, '')
    expect(refusal(file)).toContain(`log.dirs: got "${file}", expected a folder that can be created and written`)
    expect(refusal(join(file, 'below'))).toContain('expected a folder that can be created and written')
  })

  test.skipIf(process.platform !== 'linux')('that can never be created is refused at once', () => {
    expect(refusal('/proc/none/data')).toContain('expected a folder that can be created and written')
  })
})

describe('the lock of a data folder', () => {
  test('refuses a second broker in the same process, until the first has released it', () => {
    const path = newPath()
    const first = open(path)
    expect(refusal(path)).toBe(
      `log.dirs: got "${path}", which another broker (pid ${process.pid}) has locked, expected a folder that no other broker uses`,
    )
    expect(refusal(path)).toContain('has locked') // the first refusal has not released the lock
    first.release()
    open(path).release()
  })

  test('refuses a broker while another process holds it, and names that one', async () => {
    const path = newPath()
    const { pid } = await holdElsewhere(path)
    expect(refusal(path)).toContain(`(pid ${pid}) has locked`)
  })

  test('is released when the process that held it ends in any way', async () => {
    const path = newPath()
    const child = await holdElsewhere(path)
    expect(refusal(path)).toContain('has locked')
    child.kill('SIGKILL')
    await once(child, 'exit')
    open(path).release()
  })

  test('ignores a pid in its file that now belongs to another process', async () => {
    const path = newPath()
    open(path).release()
    writeFileSync(join(path, '.lock.pid'), '1\n')
    open(path).release()
  })

  test('is still held by a suspended process', async () => {
    const path = newPath()
    const child = await holdElsewhere(path)
    child.kill('SIGSTOP')
    expect(refusal(path)).toContain('has locked')
    child.kill('SIGKILL')
    await once(child, 'exit')
  })

  test('is released if the folder is refused for another reason', () => {
    const path = newPath()
    open(path, 1).release()
    refusal(path, 2)
    open(path, 1).release()
  })
})
