import { expect, test } from 'vitest'
import type { Folder } from '../../../broker/log/folder.ts'
import { memoryFolder } from '../../../broker/log/memory-folder.ts'
import { frameOf } from '../../../broker/offsets/offset-frames.ts'
import { OFFSETS_FILE, OffsetStore } from '../../../broker/offsets/offset-store.ts'
import { crc32c } from '../../../broker/records/crc32c.ts'
import { contentOf } from './stored.ts'

const open = (folder: Folder) => OffsetStore.open(folder, () => 1_000)

/** A file of several changes, and the state after each of them, by the size of the file at that time. */
function history(): { bytes: Buffer; known: Map<number, unknown> } {
  const folder = memoryFolder()
  const store = open(folder)
  const known = new Map<number, unknown>([[0, {}]])
  const size = () => folder.readWhole(OFFSETS_FILE)!.length
  const steps = [
    () =>
      store.commit('one', [
        { topic: 'pings', partition: 0, offset: 10n, metadata: 'ümläut' },
        { topic: 'pings', partition: 1, offset: 11n },
      ]),
    () => store.setRecord('one', { protocolType: 'consumer', generation: 1, emptySinceMs: undefined }),
    () => store.commit('two', [{ topic: 'pongs', partition: 3, offset: 2n ** 40n }]),
    () => store.commit('one', [{ topic: 'pings', partition: 0, offset: 20n }]),
    () => store.remove('one', [{ topic: 'pings', partition: 1 }]),
    () => store.deleteTopic('pongs'),
    () => store.deleteGroup('one'),
    () => store.commit('three', [{ topic: 'pings', partition: 0, offset: 30n }]),
  ]
  for (const step of steps) {
    step()
    known.set(size(), contentOf(store))
  }
  return { bytes: folder.readWhole(OFFSETS_FILE)!, known }
}

function folderWith(bytes: Buffer): Folder {
  const folder = memoryFolder()
  folder.open(OFFSETS_FILE).append([bytes])
  return folder
}

function expectKnown(folder: Folder, expected: unknown, cutBytes: number): void {
  const store = open(folder)
  expect(contentOf(store)).toEqual(expected)
  expect(store.cutBytes).toBe(cutBytes)
  store.commit('later', [{ topic: 'pings', partition: 0, offset: 1n }])
  const again = open(folder)
  expect(contentOf(again)).toEqual({ ...(expected as object), later: { record: undefined, offsets: ['pings-0: 1'] } })
  expect(again.cutBytes).toBe(0)
}

test('a file of offsets that ends anywhere is read up to its last complete change, and continues from there', () => {
  const { bytes, known } = history()
  for (let size = 0; size <= bytes.length; size++) {
    const whole = Math.max(...known.keys().filter(end => end <= size))
    expectKnown(folderWith(bytes.subarray(0, size)), known.get(whole), size - whole)
  }
})

test('a damaged byte ends the reading of offsets before the change that contains it', () => {
  const { bytes, known } = history()
  for (let at = 0; at < bytes.length; at++) {
    const damaged = Buffer.from(bytes)
    damaged[at] = damaged[at]! ^ 0x41
    const whole = Math.max(...known.keys().filter(end => end <= at))
    expectKnown(folderWith(damaged), known.get(whole), bytes.length - whole)
  }
})

test('zeros after the last change of offsets, as a power loss leaves them, are cut off', () => {
  const { bytes, known } = history()
  for (const zeros of [1, 8, 9, 4096]) expectKnown(folderWith(Buffer.concat([bytes, Buffer.alloc(zeros)])), known.get(bytes.length), zeros)
})

test('a frame of offsets that claims too many bytes allocates no memory', () => {
  const header = Buffer.from('ffffffff00000000', 'hex')
  expectKnown(folderWith(header), {}, header.length)
})

test('offsets in a newer format are not treated as damage: the store is not opened', () => {
  const frame = frameOf({ removedTopics: ['a'] })
  expect(() => open(folderWith(withFormat(frame, 9)))).toThrow(
    'opening the committed offsets failed: format of the committed offsets: got 9, expected 0',
  )
})

function withFormat(frame: Buffer, format: number): Buffer {
  const changed = Buffer.from(frame)
  changed[8] = format
  changed.writeUInt32BE(crc32c(changed, 8, changed.length), 4)
  return changed
}
