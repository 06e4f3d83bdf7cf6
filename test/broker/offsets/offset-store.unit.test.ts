import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import { diskFolder } from '../../../broker/log/disk-folder.ts'
import type { Folder } from '../../../broker/log/folder.ts'
import { memoryFolder } from '../../../broker/log/memory-folder.ts'
import { OFFSETS_FILE, OffsetStore } from '../../../broker/offsets/offset-store.ts'
import { contentOf } from './stored.ts'

const NOW = 1_700_000_000_000
const paths: string[] = []

afterEach(() => {
  for (const path of paths.splice(0)) rmSync(path, { recursive: true })
})

function diskPath(): string {
  const path = mkdtempSync(join(tmpdir(), 'ping-test-offsets-'))
  paths.push(path)
  return path
}

const open = (folder: Folder) => OffsetStore.open(folder, () => NOW)
const fileSize = (folder: Folder) => folder.readWhole(OFFSETS_FILE)!.length

describe.each([
  ['on disk', () => diskFolder(diskPath())],
  ['in memory', () => memoryFolder()],
])('%s, committed offsets', (_, newFolder) => {
  test('can be read immediately and after a restart', () => {
    const folder = newFolder()
    const store = open(folder)
    store.commit('readers', [
      { topic: 'pings', partition: 0, offset: 2n ** 62n, leaderEpoch: 7, metadata: 'so far' },
      { topic: 'pings', partition: 1, offset: 0n, retentionMs: 5 },
    ])
    const check = (it: OffsetStore) => {
      expect(it.fetch('readers', 'pings', 0)).toEqual({
        offset: 2n ** 62n,
        leaderEpoch: 7,
        metadata: 'so far',
        committedAtMs: NOW,
        expiresAtMs: undefined,
      })
      expect(it.fetch('readers', 'pings', 1)).toEqual({
        offset: 0n,
        leaderEpoch: -1,
        metadata: '',
        committedAtMs: NOW,
        expiresAtMs: NOW + 5,
      })
      expect(it.fetch('readers', 'pings', 2)).toBeUndefined()
      expect(it.fetch('others', 'pings', 0)).toBeUndefined()
    }
    check(store)
    store.close()
    check(open(folder))
  })

  test('survive even if the store was not closed', () => {
    const folder = newFolder()
    open(folder).commit('readers', [{ topic: 'pings', partition: 0, offset: 5n }])
    expect(open(folder).fetch('readers', 'pings', 0)?.offset).toBe(5n)
  })

  test('can be removed by partition, topic and group, also after a restart', () => {
    const folder = newFolder()
    const store = open(folder)
    const entries = [
      { topic: 'a', partition: 0, offset: 1n },
      { topic: 'a', partition: 1, offset: 2n },
      { topic: 'b', partition: 0, offset: 3n },
    ]
    for (const group of ['one', 'two', 'three']) store.commit(group, entries)
    store.setRecord('one', { protocolType: 'consumer', generation: 3, emptySinceMs: undefined })
    store.setRecord('three', { protocolType: 'consumer', generation: 1, emptySinceMs: NOW })
    store.remove('one', [
      { topic: 'a', partition: 1 },
      { topic: 'nowhere', partition: 0 },
    ])
    store.deleteTopic('b')
    store.deleteGroup('three')
    store.remove('two', [
      { topic: 'a', partition: 0 },
      { topic: 'a', partition: 1 },
    ])
    const expected = { one: { record: { protocolType: 'consumer', generation: 3, emptySinceMs: undefined }, offsets: ['a-0: 1'] } }
    expect(contentOf(store)).toEqual(expected)
    expect([store.has('one'), store.has('two'), store.has('three')]).toEqual([true, false, false])
    store.close()
    expect(contentOf(open(folder))).toEqual(expected)
  })

  test('are unchanged if something unknown is removed', () => {
    const folder = newFolder()
    const store = open(folder)
    store.commit('one', [{ topic: 'a', partition: 0, offset: 1n }])
    const size = fileSize(folder)
    store.commit('one', [])
    store.deleteGroup('two')
    store.deleteTopic('b')
    store.remove('one', [{ topic: 'a', partition: 1 }])
    expect(fileSize(folder)).toBe(size)
  })
})

test('the file of offsets is rewritten at the start if some of it is outdated', () => {
  const folder = memoryFolder()
  const store = open(folder)
  for (let offset = 0n; offset < 100n; offset++) store.commit('readers', [{ topic: 'pings', partition: 0, offset }])
  const before = fileSize(folder)
  expect(open(folder).fetch('readers', 'pings', 0)?.offset).toBe(99n)
  expect(fileSize(folder)).toBeLessThan(before / 50)
})

test('the file of offsets is rewritten when the store is closed', () => {
  const folder = memoryFolder()
  const store = open(folder)
  for (let offset = 0n; offset < 100n; offset++) store.commit('readers', [{ topic: 'pings', partition: 0, offset }])
  const before = fileSize(folder)
  store.close()
  expect(fileSize(folder)).toBeLessThan(before / 50)
})

test('the file of offsets is rewritten when it has grown, and holds earlier and later commits', () => {
  const folder = memoryFolder()
  const store = open(folder)
  const metadata = 'x'.repeat(4_000)
  let largest = 0
  for (let index = 0; index < 2_000; index++) {
    store.commit(`group-${index % 3}`, [{ topic: 'pings', partition: index % 2, offset: BigInt(index), metadata }])
    if (index % 20 === 0) largest = Math.max(largest, fileSize(folder))
  }
  expect(largest).toBeLessThan(1.1 * 2 ** 18)
  expect(contentOf(open(folder))).toEqual(contentOf(store))
  expect(store.fetch('group-1', 'pings', 1)?.offset).toBe(1_999n)
})

test('more offsets than fit into one frame are rewritten', () => {
  const folder = memoryFolder()
  const store = open(folder)
  for (let group = 0; group < 300; group++) {
    store.commit(
      `group-${group}`,
      Array.from({ length: 10 }, (_, partition) => ({ topic: 'pings', partition, offset: BigInt(group) })),
    )
    store.setRecord(`group-${group}`, { protocolType: 'consumer', generation: group, emptySinceMs: undefined })
  }
  store.deleteGroup('group-0')
  const reopened = open(folder)
  expect(contentOf(reopened)).toEqual(contentOf(store))
  expect(contentOf(open(folder))).toEqual(contentOf(store))
})
