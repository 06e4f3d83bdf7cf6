import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { ERROR } from '../../../broker/errors.ts'
import { diskFolder } from '../../../broker/log/disk-folder.ts'
import type { Folder } from '../../../broker/log/folder.ts'
import { memoryFolder } from '../../../broker/log/memory-folder.ts'
import { seededRandom } from '../../support/random.ts'
import { batchOf, contentOf, logOn, refusal, temporaryPath } from './log-fixture.ts'
import { UnreliableFolder, type Operation } from './unreliable-folder.ts'

const FULL = new Error('ENOSPC: no space left on device, write')

function unreliable(settings = {}) {
  const folder = new UnreliableFolder(seededRandom(1))
  const failing = (...operations: Operation[]): void => {
    folder.trouble = { fails: operation => (operations.includes(operation) ? FULL : undefined) }
  }
  return { ...logOn(folder, settings), folder, failing }
}

const snapshotOf = (folder: Folder) =>
  Object.fromEntries(
    folder
      .names()
      .toSorted()
      .map(name => [name, folder.readWhole(name)]),
  )

describe('a failed append', () => {
  test('leaves the log unchanged, reports the failure, and a later append succeeds', () => {
    const { log, folder, failing } = unreliable()
    log.append(batchOf({ values: ['a'] }))
    const before = snapshotOf(folder)
    failing('append')
    for (let attempt = 0; attempt < 3; attempt++) {
      expect(refusal(() => log.append(batchOf({ values: ['b'] })))).toEqual({
        code: ERROR.KAFKA_STORAGE_ERROR,
        message: 'appending a batch failed: ENOSPC: no space left on device, write',
      })
      expect([log.endOffset, log.highWatermark]).toEqual([1n, 1n])
      expect(contentOf(log)).toEqual(['0:a'])
    }
    expect(snapshotOf(folder)).toEqual(before)
    failing()
    expect(log.append(batchOf({ values: ['c'] })).baseOffset).toBe(1n)
    expect(contentOf(log)).toEqual(['0:a', '1:c'])
  })

  test('is not a duplicate when it is repeated', () => {
    const { log, failing } = unreliable()
    const producer = { id: 1, epoch: 0, sequence: 0 }
    failing('append')
    refusal(() => log.append(batchOf({ producer })))
    failing()
    expect(log.append(batchOf({ producer }))).toMatchObject({ baseOffset: 0n, isDuplicate: false })
  })

  test('that cannot be undone stops all appends, but not reads, until the log is opened again', () => {
    const under = unreliable()
    under.log.append(batchOf({ values: ['a'] }))
    under.failing('append', 'cut back')
    refusal(() => under.log.append(batchOf({ values: ['b'] })))
    under.failing()
    expect(refusal(() => under.log.append(batchOf({ values: ['c'] })))).toEqual({
      code: ERROR.KAFKA_STORAGE_ERROR,
      message: `the log accepts no records until it is opened again: appending a batch failed: ${FULL}`,
    })
    expect(contentOf(under.log)).toEqual(['0:a'])
    under.log.close()
    const again = logOn(under.folder).log
    expect(contentOf(again)[0]).toBe('0:a')
    expect(again.append(batchOf()).baseOffset).toBe(again.endOffset - 1n)
  })
})

describe('a new segment that cannot be started', () => {
  const operations: Operation[] = ['open', 'replace']
  test.each(operations)('for lack of space (%s) fails only the append', operation => {
    const size = batchOf({ values: ['a'] }).length
    const under = unreliable({ segmentBytes: 2 * size })
    under.log.append(batchOf({ values: ['a'] }))
    under.log.append(batchOf({ values: ['b'] }))
    under.failing(operation)
    for (let attempt = 0; attempt < 2; attempt++)
      expect(refusal(() => under.log.append(batchOf({ values: ['c'] }))).code).toBe(ERROR.KAFKA_STORAGE_ERROR)
    expect(contentOf(under.log)).toEqual(['0:a', '1:b'])
    under.failing()
    expect(contentOf(logOn(under.folder).log)).toEqual(['0:a', '1:b'])
    under.log.append(batchOf({ values: ['c'] }))
    expect(contentOf(under.log)).toEqual(['0:a', '1:b', '2:c'])
    expect(contentOf(logOn(under.folder).log)).toEqual(['0:a', '1:b', '2:c'])
  })

  const leavings: Operation[][] = [['sync'], ['sync', 'remove']]
  test.each(leavings)('leaves the log growing in the old segment if that has room (fails at %s %s)', (...operations) => {
    const under = unreliable({ segmentBytes: 200 })
    under.log.append(batchOf({ values: ['a'] }))
    under.folder.trouble = {
      fails: (operation, name) => (operations.includes(operation) && name === '00000000000000000001.log' ? FULL : undefined),
    }
    refusal(() => under.log.append(batchOf({ values: ['x'.repeat(100)] })))
    under.folder.trouble = {}
    under.log.append(batchOf({ values: ['b'] }))
    expect(contentOf(under.log)).toEqual(['0:a', '1:b'])
    const again = logOn(under.folder)
    expect(contentOf(again.log)).toEqual(['0:a', '1:b'])
    expect([again.log.endOffset, again.log.findings]).toEqual([2n, []])
  })
})

test('after a failed sync, the log shows and accepts no new records until it is opened again', () => {
  const { log, folder, failing } = unreliable({ flushEachAppend: true })
  log.append(batchOf({ values: ['a'] }))
  log.flush()
  const producer = { id: 1, epoch: 0, sequence: 0 }
  log.append(batchOf({ values: ['b'], producer }))
  failing('sync')
  expect(refusal(() => log.flush())).toEqual({
    code: ERROR.KAFKA_STORAGE_ERROR,
    message: 'syncing a segment failed: ENOSPC: no space left on device, write',
  })
  failing()
  expect(log.highWatermark).toBe(1n)
  expect(contentOf(log)).toEqual(['0:a'])
  for (const attempt of [() => log.flush(), () => log.append(batchOf()), () => log.append(batchOf({ values: ['b'], producer }))]) {
    expect(refusal(attempt).code).toBe(ERROR.KAFKA_STORAGE_ERROR)
  }
  expect(logOn(folder).log.highWatermark).toBe(2n)
})

test('a failed read reports its error, and the next one succeeds', () => {
  const { log, failing } = unreliable()
  log.append(batchOf({ values: ['a'] }))
  failing('read')
  expect(refusal(() => log.read(0n, 100, { atLeastOneBatch: true }))).toEqual({
    code: ERROR.KAFKA_STORAGE_ERROR,
    message: 'reading a log failed: ENOSPC: no space left on device, write',
  })
  expect(refusal(() => log.findTimestamp(0n)).code).toBe(ERROR.KAFKA_STORAGE_ERROR)
  expect(refusal(() => log.maxTimestamp()).code).toBe(ERROR.KAFKA_STORAGE_ERROR)
  failing()
  expect(contentOf(log)).toEqual(['0:a'])
})

test('a batch that was damaged on disk is reported instead of being returned again and again', () => {
  const folder = memoryFolder()
  const { log } = logOn(folder)
  log.append(batchOf())
  log.append(batchOf())
  const name = folder.names()[0]!
  const bytes = folder.readWhole(name)!
  bytes.writeInt32BE(-5, 8)
  const file = folder.open(name)
  file.truncate(0)
  file.append([bytes])
  expect(refusal(() => log.read(1n, 1000, { atLeastOneBatch: true }))).toEqual({
    code: ERROR.KAFKA_STORAGE_ERROR,
    message: 'reading a log failed: the batch at 0 was damaged: its length is 7',
  })
})

test('a failed move of the start offset changes nothing', () => {
  const under = unreliable()
  under.log.append(batchOf({ values: ['a', 'b'] }))
  under.failing('replace')
  expect(refusal(() => under.log.deleteBefore(1n))).toEqual({
    code: ERROR.KAFKA_STORAGE_ERROR,
    message: 'moving the start of a log failed: ENOSPC: no space left on device, write',
  })
  expect(under.log.startOffset).toBe(0n)
  under.failing()
  under.log.deleteBefore(1n)
  expect(under.log.startOffset).toBe(1n)
})

test('retention that fails half-way continues where it stopped', () => {
  const under = unreliable({ segmentBytes: batchOf().length, retentionBytes: 0 })
  for (let count = 0; count < 4; count++) under.log.append(batchOf())
  under.folder.trouble = { fails: (operation, name) => (operation === 'remove' && name === '00000000000000000002.log' ? FULL : undefined) }
  expect(refusal(() => under.log.applyRetention()).code).toBe(ERROR.KAFKA_STORAGE_ERROR)
  expect([under.log.startOffset, under.log.endOffset]).toEqual([2n, 4n])
  under.folder.trouble = {}
  under.log.applyRetention()
  expect([under.log.startOffset, under.log.endOffset]).toEqual([4n, 4n])
})

test('a failed close is reported, and the log can be opened again', () => {
  const under = unreliable()
  under.log.append(batchOf({ values: ['a'] }))
  under.failing('replace')
  expect(refusal(() => under.log.close()).message).toBe('closing a log failed: ENOSPC: no space left on device, write')
  under.failing()
  expect(contentOf(logOn(under.folder).log)).toEqual(['0:a'])
})

test('the log stays intact on a file system that is full', () => {
  const path = temporaryPath()
  const script = join(import.meta.dirname, 'fill-a-file.ts')
  const limitInHalfKb = 128
  const { stdout, stderr, status } = spawnSync(
    'sh',
    ['-c', `ulimit -f ${limitInHalfKb} && exec "$0" "$@"`, process.execPath, script, path],
    { encoding: 'utf8', timeout: 30_000 },
  )
  expect({ status, stderr }).toMatchObject({ status: 0 })
  const result = JSON.parse(stdout) as {
    appended: number
    refusals: { code: number; message: string }[]
    size: number
    readBack: number
    smallerAppended: boolean
  }
  expect(result.refusals).toEqual(
    Array.from({ length: 3 }, () => ({
      code: ERROR.KAFKA_STORAGE_ERROR,
      message: 'appending a batch failed: EFBIG: file too large, write',
    })),
  )
  expect(result.readBack).toBe(result.appended)
  expect(result.size).toBe(result.appended * batchOf({ values: ['x'.repeat(1500)] }).length)
  expect(result.smallerAppended).toBe(true)
  const under = logOn(diskFolder(path))
  expect([under.log.endOffset, under.log.findings]).toEqual([BigInt(result.appended + 1), []])
})
