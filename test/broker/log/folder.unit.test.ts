import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { diskFolder } from '../../../broker/log/disk-folder.ts'
import { FOLDERS, openFiles, temporaryPath } from './log-fixture.ts'

describe.each(Object.entries(FOLDERS))('a folder in %s', (_, make) => {
  test('creates a file when it is opened, and reads back appended bytes', () => {
    const folder = make()
    const file = folder.open('a')
    file.append([Buffer.from('one'), Buffer.from('two')])
    file.append([Buffer.from('three')])
    expect(file.size).toBe(11)
    expect(file.read(0, 100).toString()).toBe('onetwothree')
    expect(file.read(4, 3).toString()).toBe('wot')
    expect(file.read(11, 5)).toHaveLength(0)
    expect(file.read(50, 5)).toHaveLength(0)
    file.sync()
    file.close()
    expect(folder.names()).toEqual(['a'])
  })

  test('keeps the content of a file that is opened again, and appends at its end', () => {
    const folder = make()
    folder.open('a').append([Buffer.from('one')])
    const again = folder.open('a')
    again.append([Buffer.from('two')])
    expect(again.read(0, 100).toString()).toBe('onetwo')
    expect(folder.readWhole('a')?.toString()).toBe('onetwo')
  })

  test('keeps its own copy of appended bytes', () => {
    const file = make().open('a')
    const bytes = Buffer.from('one')
    file.append([bytes])
    bytes.fill('x')
    expect(file.read(0, 3).toString()).toBe('one')
  })

  test('returns bytes that do not change while the file grows and is truncated', () => {
    const file = make().open('a')
    file.append([Buffer.alloc(3000, 'a')])
    const read = file.read(1000, 1000)
    for (const length of [1000, 90_000]) {
      file.truncate(900)
      file.append([Buffer.alloc(length, 'b')])
      expect(read.equals(Buffer.alloc(1000, 'a'))).toBe(true)
      expect(file.read(0, 901).toString('utf8', 899)).toBe('ab')
    }
  })

  test('replaces a whole file with text or bytes', () => {
    const folder = make()
    folder.replace('a', 'one')
    folder.replace('a', Buffer.from('two'))
    expect(folder.readWhole('a')?.toString()).toBe('two')
    expect(folder.names()).toEqual(['a'])
    expect(folder.readWhole('missing')).toBeUndefined()
  })

  test('removes a file, a folder with its content, and tolerates a missing name', () => {
    const folder = make()
    folder.open('a').close()
    folder.folder('b').folder('c').replace('d', 'text')
    expect(folder.names().toSorted()).toEqual(['a', 'b'])
    expect(folder.folder('b').folder('c').readWhole('d')?.toString()).toBe('text')
    for (const name of ['a', 'b', 'missing']) folder.remove(name)
    expect(folder.names()).toEqual([])
    expect(folder.folder('b').names()).toEqual([])
  })
})

test('a failed replacement leaves only the old file', () => {
  const path = temporaryPath()
  const folder = diskFolder(path)
  folder.folder('in-the-way').replace('content', 'x')
  expect(() => folder.replace('in-the-way', 'text')).toThrow()
  expect(readdirSync(path)).toEqual(['in-the-way'])
  expect(readFileSync(join(path, 'in-the-way', 'content'), 'utf8')).toBe('x')
})

test('a folder on disk is created with its parents, and opens the files of an earlier process', () => {
  const path = join(temporaryPath(), 'a', 'b')
  diskFolder(path).open('file').sync()
  writeFileSync(join(path, 'file'), 'left there')
  expect(diskFolder(path).open('file').read(0, 100).toString()).toBe('left there')
})

test.skipIf(!existsSync('/proc/self/fd'))('closes the files that it opens', () => {
  const path = temporaryPath()
  const folder = diskFolder(path)
  const file = folder.open('a')
  file.append([Buffer.from('x')])
  file.sync()
  folder.replace('b', 'text')
  expect(openFiles(path)).toEqual([join(path, 'a')])
  file.close()
  expect(openFiles(path)).toEqual([])
})
