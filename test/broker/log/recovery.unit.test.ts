import { readdirSync, statSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { diskFolder } from '../../../broker/log/disk-folder.ts'
import type { Folder, LogFile } from '../../../broker/log/folder.ts'
import { memoryFolder } from '../../../broker/log/memory-folder.ts'
import { batchOf, contentOf, FOLDERS, logOn, temporaryPath, type LogUnderTest } from './log-fixture.ts'

const segmentName = (base: number): string => `${String(base).padStart(20, '0')}.log`
const VALUES = ['one', 'two', 'three']
const WHOLE = VALUES.map((value, offset) => `${offset}:${value}`)
const SIZES = VALUES.map(value => batchOf({ values: [value] }).length)

/** A log of three batches that was not closed. */
function abandoned(folder: Folder): LogUnderTest {
  const under = logOn(folder)
  for (const value of VALUES) under.log.append(batchOf({ values: [value] }))
  return under
}

function change(folder: Folder, name: string, edit: (bytes: Buffer) => Buffer): void {
  folder.replace(name, edit(folder.readWhole(name)!))
}

describe.each(Object.entries(FOLDERS))('the tail of a log in %s', (_, make) => {
  test('is cut back to the last whole batch wherever the file ends, and the log continues there', () => {
    const bytes = abandoned(make()).folder.readWhole(segmentName(0))!
    const ends = [0, SIZES[0]!, SIZES[0]! + SIZES[1]!, bytes.length]
    for (let length = 0; length < bytes.length; length++) {
      const folder = memoryFolder()
      folder.replace(segmentName(0), bytes.subarray(0, length))
      const under = logOn(folder)
      const left = ends.findLastIndex(end => end <= length)
      expect(contentOf(under.log)).toEqual(WHOLE.slice(0, left))
      expect(under.log.findings).toHaveLength(ends.includes(length) ? 0 : 1)
      expect(folder.readWhole(segmentName(0))).toHaveLength(ends[left]!)
      expect(under.log.append(batchOf({ values: ['new'] })).baseOffset).toBe(BigInt(left))
      expect(contentOf(under.reopen())).toEqual([...WHOLE.slice(0, left), `${left}:new`])
    }
  })

  test('is cut at the first batch with a flipped bit', () => {
    const bytes = abandoned(make()).folder.readWhole(segmentName(0))!
    // Bytes 12 to 15 are the leader epoch, which the CRC does not cover.
    const positions = Array.from({ length: SIZES[1]! }, (__, at) => at).filter(at => at < 12 || at > 15)
    for (const at of positions) {
      const folder = memoryFolder()
      const damaged = Buffer.from(bytes)
      damaged[SIZES[0]! + at]! ^= 0x10
      folder.replace(segmentName(0), damaged)
      expect(contentOf(logOn(folder).log)).toEqual(['0:one'])
      expect(folder.readWhole(segmentName(0))).toHaveLength(SIZES[0]!)
    }
  })

  test.each([1, 11, 60, 61, 5000, 3_000_000])('is cut before %d trailing zeros', zeros => {
    const under = abandoned(make())
    change(under.folder, segmentName(0), bytes => Buffer.concat([bytes, Buffer.alloc(zeros)]))
    expect(contentOf(under.reopen())).toEqual(WHOLE)
    expect(under.log.findings).toEqual([
      expect.stringMatching(new RegExp(`^${zeros} bytes from offset 3 on are not valid batches .*; they were cut off$`)),
    ])
    expect(under.reopen().findings).toEqual([])
  })

  test('is cut at a batch that claims to be longer than the file, and that much memory is not allocated', () => {
    const under = abandoned(make())
    const header = Buffer.from(batchOf().subarray(0, 61))
    header.writeBigInt64BE(3n, 0)
    header.writeInt32BE(2 ** 31 - 1, 8)
    change(under.folder, segmentName(0), bytes => Buffer.concat([bytes, header, Buffer.alloc(100, 1)]))
    expect(contentOf(under.reopen())).toEqual(WHOLE)
  })
})

test('recovery checks batches that are larger than one of its reads', () => {
  const under = logOn(memoryFolder(), { segmentBytes: 20_000_000, maxMessageBytes: 10_000_000 })
  for (const value of ['a'.repeat(2_500_000), 'b', 'c'.repeat(1_048_576), 'd'.repeat(3_000_000)])
    under.log.append(batchOf({ values: [value] }))
  const content = contentOf(under.log)
  expect(contentOf(under.reopen())).toEqual(content)
  expect(under.log.findings).toEqual([])
  change(under.folder, segmentName(0), bytes => {
    bytes[bytes.length - 1]! ^= 1
    return bytes
  })
  expect(under.reopen().endOffset).toBe(3n)
})

test('the index of a clean stop is used only if the segment has exactly the recorded size', () => {
  const under = abandoned(memoryFolder())
  under.log.close()
  change(under.folder, segmentName(0), bytes => bytes.subarray(0, -1))
  expect(contentOf(under.reopen())).toEqual(WHOLE.slice(0, 2))
})

test('the index of a clean stop is not used once the log has grown', () => {
  const under = abandoned(memoryFolder())
  under.log.close()
  under.reopen()
  const clean = under.folder.readWhole(segmentName(0))!
  under.log.append(batchOf({ values: ['four'] }))
  // Truncated to the size at the clean stop, with different content.
  clean[clean.length - 1]! ^= 1
  under.folder.replace(segmentName(0), clean)
  expect(contentOf(under.reopen())).toEqual(WHOLE.slice(0, 2))
})

test('after a clean stop, recovery reads no segment', () => {
  const reads: string[] = []
  const folder = watched(memoryFolder(), name => reads.push(name))
  const under = logOn(folder, { segmentBytes: 200 })
  for (let count = 0; count < 20; count++) under.log.append(batchOf({ producer: { id: 1, epoch: 0, sequence: count } }))
  under.log.close()
  reads.length = 0
  under.reopen()
  expect(under.log.endOffset).toBe(20n)
  expect(reads).toEqual([])
  contentOf(under.log)
  expect(reads).not.toEqual([])
})

test('after an unclean stop, recovery reads only the last segment', () => {
  const reads: string[] = []
  const folder = watched(memoryFolder(), name => reads.push(name))
  const under = logOn(folder, { segmentBytes: 2 * batchOf().length })
  for (let count = 0; count < 7; count++) under.log.append(batchOf())
  reads.length = 0
  under.reopen()
  expect(new Set(reads)).toEqual(new Set([segmentName(6)]))
})

/** A folder that reports which files are read in part. */
function watched(folder: Folder, onRead: (name: string) => void): Folder {
  const open = (name: string): LogFile => {
    const file = folder.open(name)
    return {
      get size() {
        return file.size
      },
      append: pieces => file.append(pieces),
      read: (position, length) => {
        onRead(name)
        return file.read(position, length)
      },
      truncate: size => file.truncate(size),
      sync: () => file.sync(),
      close: () => file.close(),
    }
  }
  return {
    open,
    names: () => folder.names(),
    folder: name => folder.folder(name),
    remove: name => folder.remove(name),
    readWhole: name => folder.readWhole(name),
    replace: (name, content, options) => folder.replace(name, content, options),
  }
}

describe('recovery of several segments', () => {
  const SIZE = batchOf({ values: ['0'] }).length
  /** Ten batches in segments at 0, 3, 6 and 9. */
  const segmented = (): LogUnderTest => {
    const under = logOn(memoryFolder(), { segmentBytes: 3 * SIZE })
    for (let value = 0; value < 10; value++) under.log.append(batchOf({ values: [String(value)] }))
    return under
  }
  const offsets = (under: LogUnderTest): number[] => contentOf(under.log).map(text => Number(text.split(':')[0]))

  test('rebuilds an index that is missing or damaged', () => {
    const damaged = ['the index of the segment at 3 is damaged; the segment is read instead']
    const harms: readonly [(folder: Folder, name: string) => void, readonly string[]][] = [
      [(folder, name) => folder.remove(name), []],
      [(folder, name) => change(folder, name, bytes => bytes.subarray(0, -1)), damaged],
      [(folder, name) => folder.replace(name, ''), damaged],
    ]
    for (const [harm, findings] of harms) {
      const under = segmented()
      const name = segmentName(3).replace('.log', '.index')
      const index = under.folder.readWhole(name)
      harm(under.folder, name)
      expect(offsets({ ...under, log: under.reopen() })).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
      expect(under.log.findings).toEqual(findings)
      expect(under.folder.readWhole(name)?.length).toBe(index?.length)
    }
  })

  test('rebuilds an index that was removed while the log was open', () => {
    const under = segmented()
    for (const name of under.folder.names()) if (name.endsWith('.index')) under.folder.replace(name, 'damaged')
    expect(offsets(under)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
    expect(under.log.findTimestamp(0n)).toMatchObject({ offset: 0n })
  })

  test('reports and skips a segment that is missing in the middle, and keeps the others', () => {
    const under = segmented()
    under.folder.remove(segmentName(3))
    under.reopen()
    expect(under.log.findings).toEqual(['the offsets 3 to 5 are missing and are skipped'])
    expect([under.log.startOffset, under.log.endOffset]).toEqual([0n, 10n])
    expect(offsets(under)).toEqual([0, 1, 2, 6, 7, 8, 9])
    expect(contentOf(under.log, { from: 4n })[0]).toBe('6:6')
    expect(contentOf(under.log, { from: 4n, maxBytes: 1 })[0]).toBe('6:6')
    expect(under.folder.names()).not.toContain(segmentName(3).replace('.log', '.index'))
    under.log.close()
    under.reopen()
    expect(offsets(under)).toEqual([0, 1, 2, 6, 7, 8, 9])
  })

  test('uses a damaged segment in the middle up to the damage, and cuts nothing off', () => {
    const under = segmented()
    under.folder.remove(segmentName(3).replace('.log', '.index'))
    change(under.folder, segmentName(3), bytes => {
      bytes[SIZE + 65]! ^= 1
      return bytes
    })
    under.reopen()
    expect(under.log.findings).toEqual([
      expect.stringMatching(/from offset 4 on are not valid .* are skipped$/),
      'the offsets 4 to 5 are missing and are skipped',
    ])
    expect(offsets(under)).toEqual([0, 1, 2, 3, 6, 7, 8, 9])
    expect(under.folder.readWhole(segmentName(3))).toHaveLength(3 * SIZE)
  })

  test('starts a log without its first segments at the next one', () => {
    const under = segmented()
    under.folder.remove(segmentName(0))
    under.folder.remove(segmentName(3))
    under.reopen()
    expect([under.log.startOffset, offsets(under)]).toEqual([6n, [6, 7, 8, 9]])
  })

  test('removes the empty file of a segment that was never written to', () => {
    const under = segmented()
    under.folder.open(segmentName(5)).close()
    under.folder.open(segmentName(8)).close()
    under.reopen()
    expect(offsets(under)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
    expect(under.log.findings).toEqual([])
    expect(under.folder.names()).not.toContain(segmentName(5))
  })

  test('continues the log at the offset of an empty last file', () => {
    const under = segmented()
    under.folder.open(segmentName(10)).close()
    expect(under.reopen().endOffset).toBe(10n)
    expect(under.log.append(batchOf()).baseOffset).toBe(10n)
    const alone = logOn(memoryFolder())
    alone.folder.open(segmentName(77)).close()
    alone.folder.open(segmentName(99)).close()
    expect(alone.reopen().endOffset).toBe(99n)
    expect(alone.log.startOffset).toBe(99n)
  })

  test('keeps a start offset that was moved before a crash, and removes the segments before it', () => {
    const under = segmented()
    under.folder.replace('start-offset', '7\n')
    under.reopen()
    expect(offsets(under)).toEqual([7, 8, 9])
    expect(under.folder.names()).not.toContain(segmentName(3))
  })

  test('continues a log that ends before its start offset at that offset', () => {
    const under = segmented()
    under.folder.replace('start-offset', '20\n')
    expect(under.reopen().endOffset).toBe(20n)
    expect(under.log.findings).toEqual(['the log ends before its start offset 20 and continues at that offset'])
    expect(under.reopen().endOffset).toBe(20n)
  })

  test('leaves files that do not belong to the log unchanged, and removes half-written ones', () => {
    const under = segmented()
    under.folder.replace('notes.txt', 'mine')
    under.folder.replace('5.log', 'mine')
    under.folder.open('start-offset.new').append([Buffer.from('1')])
    expect(offsets({ ...under, log: under.reopen() })).toHaveLength(10)
    expect(under.folder.names()).toEqual(expect.arrayContaining(['notes.txt', '5.log']))
    expect(under.folder.names()).not.toContain('start-offset.new')
  })
})

test('an empty log on disk is opened without creating a file', () => {
  const path = temporaryPath()
  const under = logOn(diskFolder(path))
  under.log.close()
  under.reopen()
  expect(readdirSync(path)).toEqual([])
  under.log.append(batchOf())
  expect(statSync(`${path}/${segmentName(0)}`).size).toBe(batchOf().length)
})
