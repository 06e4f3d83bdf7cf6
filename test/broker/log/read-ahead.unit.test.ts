import { expect, test } from 'vitest'
import type { LogFile } from '../../../broker/log/folder.ts'
import { memoryFolder } from '../../../broker/log/memory-folder.ts'
import { readBatches } from '../../../broker/log/read-batches.ts'
import { setBaseOffset } from '../../../broker/records/batch.ts'
import { batchOf, recordsOf } from './log-fixture.ts'

const MAX_READ_AHEAD_BYTES = 64 * 1024
const COUNT = 3_000

/** A file of many batches, with the size of each read. */
function watchedFile(): { file: LogFile; batchBytes: number; reads: number[] } {
  const inner = memoryFolder().open('segment')
  let batchBytes = 0
  for (let offset = 0; offset < COUNT; offset++) {
    const batch = batchOf({ values: ['v'.repeat(100)] })
    setBaseOffset(batch, BigInt(offset), 0)
    inner.append([batch])
    batchBytes = batch.length
  }
  const reads: number[] = []
  const read = (position: number, length: number): Buffer => {
    reads.push(length)
    return inner.read(position, length)
  }
  return { file: { ...inner, size: inner.size, read }, batchBytes, reads }
}

test.each([
  [true, 1_000],
  [false, 1_000],
  [true, 0],
  [false, 0],
])('a read is small even if the index interval is huge (at least one batch: %s, at most %i bytes)', (atLeastOneBatch, maxBytes) => {
  const { file, batchBytes, reads } = watchedFile()
  const piece = readBatches(file, 0, {
    offset: BigInt(COUNT - 2),
    maxBytes,
    endPosition: file.size,
    atLeastOneBatch,
    indexIntervalBytes: 2 ** 31 - 1,
  })
  expect(Math.max(...reads)).toBeLessThanOrEqual(MAX_READ_AHEAD_BYTES + maxBytes + batchBytes)
  const offsets = piece && recordsOf(piece.bytes).map(({ offset }) => offset)
  if (maxBytes > 0) expect(offsets).toEqual([BigInt(COUNT - 2), BigInt(COUNT - 1)])
  else expect(offsets).toEqual(atLeastOneBatch ? [BigInt(COUNT - 2)] : [])
})
