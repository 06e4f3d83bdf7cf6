import { describe, expect, test } from 'vitest'
import { ERROR } from '../../../broker/errors.ts'
import { TornFileError, type Folder, type LogFile } from '../../../broker/log/folder.ts'
import { memoryFolder } from '../../../broker/log/memory-folder.ts'
import { OFFSETS_FILE, OffsetStore } from '../../../broker/offsets/offset-store.ts'

const NOW = 1_700_000_000_000

const open = (folder: Folder) => OffsetStore.open(folder, () => NOW)
const fileSize = (folder: Folder) => folder.readWhole(OFFSETS_FILE)!.length

/** A folder whose files fail on demand. */
class FailingFolder implements Folder {
  readonly inner = memoryFolder()
  appendError: Error | undefined
  replaceError: Error | undefined
  openError: Error | undefined
  syncError: Error | undefined
  /** Whether a replacement that fails has replaced the file anyway. */
  isReplacedWithError = false
  syncs = 0
  replacements = 0

  open(name: string): LogFile {
    if (this.openError) throw this.openError
    const file = this.inner.open(name)
    return new Proxy(file, {
      get: (_, key: keyof LogFile) => {
        if (key === 'append' && this.appendError) {
          file.append([Buffer.from('torn')])
          const error = this.appendError
          if (!(error instanceof TornFileError)) file.truncate(file.size - 4)
          return () => {
            throw error
          }
        }
        if (key === 'sync') {
          return () => {
            this.syncs++
            if (this.syncError) throw this.syncError
          }
        }
        const value = file[key]
        return typeof value === 'function' ? value.bind(file) : value
      },
    })
  }

  names(): string[] {
    return this.inner.names()
  }

  folder(name: string): Folder {
    return this.inner.folder(name)
  }

  remove(name: string): void {
    this.inner.remove(name)
  }

  readWhole(name: string): Buffer | undefined {
    return this.inner.readWhole(name)
  }

  replace(name: string, content: Buffer | string): void {
    this.replacements++
    if (!this.replaceError || this.isReplacedWithError) this.inner.replace(name, content)
    if (this.replaceError) throw this.replaceError
  }
}

describe('when the disk is full', () => {
  const full = new Error('ENOSPC: no space left on device, write')

  test('a commit fails and changes nothing, and the next one works when there is space', () => {
    const folder = new FailingFolder()
    const store = open(folder)
    store.commit('readers', [{ topic: 'pings', partition: 0, offset: 1n }])
    folder.appendError = full
    const commit = () => store.commit('readers', [{ topic: 'pings', partition: 0, offset: 2n }])
    expect(commit).toThrow(
      expect.objectContaining({
        code: ERROR.KAFKA_STORAGE_ERROR,
        message: 'writing committed offsets failed: ENOSPC: no space left on device, write',
      }),
    )
    expect(store.fetch('readers', 'pings', 0)?.offset).toBe(1n)
    folder.appendError = undefined
    commit()
    expect(open(folder).fetch('readers', 'pings', 0)?.offset).toBe(2n)
  })

  test('and a failed append left bytes in the file, nothing is written after them', () => {
    const folder = new FailingFolder()
    const store = open(folder)
    store.commit('readers', [{ topic: 'pings', partition: 0, offset: 1n }])
    folder.appendError = new TornFileError('torn')
    const commit = () => store.commit('readers', [{ topic: 'pings', partition: 0, offset: 2n }])
    expect(commit).toThrow('torn')
    folder.appendError = undefined
    folder.replaceError = full
    expect(commit).toThrow('ENOSPC')
    expect(store.fetch('readers', 'pings', 0)?.offset).toBe(1n)
    folder.replaceError = undefined
    commit()
    const { replacements } = folder
    commit()
    expect(folder.replacements).toBe(replacements)
    expect(open(folder).fetch('readers', 'pings', 0)?.offset).toBe(2n)
    expect(open(folder).cutBytes).toBe(0)
  })

  test('a file that cannot be rewritten keeps growing', () => {
    const folder = new FailingFolder()
    const store = open(folder)
    folder.replaceError = full
    const metadata = 'x'.repeat(4_000)
    for (let index = 0; index < 600; index++) store.commit('readers', [{ topic: 'pings', partition: 0, offset: BigInt(index), metadata }])
    expect(fileSize(folder)).toBeGreaterThan(2 ** 21)
    expect(folder.replacements).toBeLessThan(6)
    expect(open(folder).fetch('readers', 'pings', 0)?.offset).toBe(599n)
  })
})

test('when no file can be opened after a rewrite, nothing is written to the replaced one', () => {
  const folder = new FailingFolder()
  const store = open(folder)
  const metadata = 'x'.repeat(4_000)
  const commit = (offset: bigint) => store.commit('readers', [{ topic: 'pings', partition: 0, offset, metadata }])
  for (let offset = 0n; offset < 65n; offset++) commit(offset)
  expect(fileSize(folder)).toBeGreaterThan(2 ** 18)
  folder.openError = new Error('EMFILE: too many open files')
  expect(() => commit(65n)).toThrow('EMFILE')
  expect(() => commit(66n)).toThrow('EMFILE')
  expect(open(folder.inner).fetch('readers', 'pings', 0)?.offset).toBe(64n)
  folder.openError = undefined
  commit(67n)
  expect(open(folder).fetch('readers', 'pings', 0)?.offset).toBe(67n)
})

test('when a rewrite fails after the new file has the name, nothing is written to the replaced one', () => {
  const folder = new FailingFolder()
  const store = open(folder)
  const metadata = 'x'.repeat(4_000)
  const commit = (offset: bigint) => store.commit('readers', [{ topic: 'pings', partition: 0, offset, metadata }])
  for (let offset = 0n; offset < 65n; offset++) commit(offset)
  expect(fileSize(folder)).toBeGreaterThan(2 ** 18)
  folder.replaceError = new Error('EIO: i/o error, fsync')
  folder.isReplacedWithError = true
  expect(() => commit(65n)).toThrow('EIO')
  expect(open(folder.inner).fetch('readers', 'pings', 0)?.offset).toBe(64n)
  folder.replaceError = undefined
  commit(66n)
  expect(open(folder.inner).fetch('readers', 'pings', 0)?.offset).toBe(66n)
})

test('when a commit cannot be flushed, nothing is written after it: the file is rewritten', () => {
  const folder = new FailingFolder()
  const store = OffsetStore.open(folder, () => NOW, { flushEachCommit: true })
  const commit = (offset: bigint) => store.commit('readers', [{ topic: 'pings', partition: 0, offset }])
  commit(1n)
  folder.syncError = new Error('EIO: i/o error, fdatasync')
  expect(() => commit(2n)).toThrow(expect.objectContaining({ code: ERROR.KAFKA_STORAGE_ERROR }))
  expect(store.fetch('readers', 'pings', 0)?.offset).toBe(1n)
  const size = fileSize(folder)
  folder.syncError = undefined
  folder.replaceError = new Error('ENOSPC: no space left on device, write')
  expect(() => commit(3n)).toThrow('ENOSPC')
  expect(fileSize(folder)).toBe(size)
  folder.replaceError = undefined
  const { replacements } = folder
  commit(4n)
  commit(5n)
  expect(folder.replacements).toBe(replacements + 1)
  expect(open(folder.inner).fetch('readers', 'pings', 0)?.offset).toBe(5n)
})

test('a commit that must survive a power loss is flushed', () => {
  const folder = new FailingFolder()
  const plain = OffsetStore.open(folder, () => NOW)
  plain.commit('readers', [{ topic: 'pings', partition: 0, offset: 1n }])
  expect(folder.syncs).toBe(0)
  const flushing = OffsetStore.open(folder, () => NOW, { flushEachCommit: true })
  flushing.commit('readers', [{ topic: 'pings', partition: 0, offset: 1n }])
  expect(folder.syncs).toBe(1)
})
