import { existsSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { ERROR } from '../../../broker/errors.ts'
import { diskFolder } from '../../../broker/log/disk-folder.ts'
import { memoryFolder } from '../../../broker/log/memory-folder.ts'
import { batchBytes, checkBatch, isLogAppendTime, lastOffset, maxTimestamp } from '../../../broker/records/batch.ts'
import { batchOf, contentOf, FOLDERS, logOn, openFiles, recordsOf, refusal, temporaryPath } from './log-fixture.ts'

describe.each(Object.entries(FOLDERS))('a log in %s', (_, make) => {
  test('gives each batch the next offsets', () => {
    const { log } = logOn(make())
    expect([log.startOffset, log.endOffset, log.highWatermark, log.lastStableOffset]).toEqual([0n, 0n, 0n, 0n])
    expect(log.append(batchOf({ values: ['a', 'b', 'c'] }))).toEqual({ baseOffset: 0n, logAppendTime: -1n, isDuplicate: false })
    expect(log.append(batchOf({ values: ['d'] })).baseOffset).toBe(3n)
    expect([log.startOffset, log.endOffset, log.highWatermark, log.lastStableOffset]).toEqual([0n, 4n, 4n, 4n])
    expect(contentOf(log)).toEqual(['0:a', '1:b', '2:c', '3:d'])
  })

  test('creates no file before the first append', () => {
    const folder = make()
    const { log } = logOn(folder)
    expect(log.read(0n, 100, { atLeastOneBatch: true })).toEqual([])
    log.flush()
    log.applyRetention()
    log.close()
    expect(folder.names()).toEqual([])
  })

  test('keeps the produced bytes except base offset and leader epoch', () => {
    const { log } = logOn(make())
    log.append(batchOf())
    const sent = batchOf({ values: ['b', 'c'], times: [7, 5], producer: { id: 9, epoch: 1, sequence: 3 } })
    const before = Buffer.from(sent)
    log.append(sent)
    const [kept] = log.read(1n, 1000, { atLeastOneBatch: true })
    before.writeBigInt64BE(1n, 0)
    before.writeInt32BE(0, 12)
    expect(kept).toEqual(before)
  })

  test('reads from the batch that holds the offset', () => {
    const { log } = logOn(make())
    log.append(batchOf({ values: ['a'] }))
    log.append(batchOf({ values: ['b', 'c', 'd'] }))
    log.append(batchOf({ values: ['e'] }))
    for (const offset of [1n, 2n, 3n]) {
      const records = log.read(offset, 1_000_000, { atLeastOneBatch: false }).flatMap(recordsOf)
      expect(records.map(record => record.offset)).toEqual([1n, 2n, 3n, 4n])
    }
    expect(log.read(5n, 1000, { atLeastOneBatch: true })).toEqual([])
  })

  test('reads only whole batches, and at least one on request', () => {
    const { log } = logOn(make())
    const sizes = ['a', 'bbbbb', 'c'].map(value => {
      const batch = batchOf({ values: [value] })
      log.append(batch)
      return batch.length
    })
    const read = (maxBytes: number, atLeastOneBatch: boolean): number =>
      log.read(0n, maxBytes, { atLeastOneBatch }).reduce((sum, piece) => sum + piece.length, 0)
    const [one, two, three] = [sizes[0]!, sizes[0]! + sizes[1]!, sizes[0]! + sizes[1]! + sizes[2]!]
    expect([0, 1, one - 1].map(maxBytes => read(maxBytes, true))).toEqual([one, one, one])
    expect([0, 1, one - 1].map(maxBytes => read(maxBytes, false))).toEqual([0, 0, 0])
    expect([one, two - 1, two, three - 1, three, three + 1, 2 ** 31 - 1].map(maxBytes => read(maxBytes, false))).toEqual([
      one,
      one,
      two,
      two,
      three,
      three,
      three,
    ])
  })

  test('reads across many segments with any limit, from any offset', () => {
    const under = logOn(make(), { segmentBytes: 700, indexIntervalBytes: 150 })
    const expected = Array.from({ length: 60 }, (__, index) => `${index}:${'v'.repeat(index)}`)
    for (let index = 0; index < 60; index++) under.log.append(batchOf({ values: ['v'.repeat(index)] }))
    expect(under.folder.names().filter(name => name.endsWith('.log')).length).toBeGreaterThan(8)
    for (const maxBytes of [1, 130, 400, 1500, 100_000]) {
      for (let from = 0; from < 60; from += 7) expect(contentOf(under.log, { from: BigInt(from), maxBytes })).toEqual(expected.slice(from))
    }
    const whole = under.log.read(0n, 100_000, { atLeastOneBatch: false }).reduce((sum, piece) => sum + piece.length, 0)
    expect(whole).toBe(under.log.bytes)
  })

  test('reads a batch far beyond its index entry if the index was written with another setting', () => {
    const under = logOn(make(), { indexIntervalBytes: 100_000 })
    const sizes = Array.from({ length: 20 }, (__, index) => {
      const batch = batchOf({ values: ['v'.repeat(10 * index)] })
      under.log.append(batch)
      return batch.length
    })
    under.settings = { ...under.settings, indexIntervalBytes: 1 }
    for (const [offset, size] of sizes.entries()) {
      for (const atLeastOneBatch of [false, true]) {
        const pieces = under.log.read(BigInt(offset), size, { atLeastOneBatch })
        expect(pieces.flatMap(recordsOf).map(record => record.offset)).toEqual([BigInt(offset)])
      }
    }
  })

  test('refuses an offset outside the log', () => {
    const { log } = logOn(make())
    log.append(batchOf({ values: ['a', 'b', 'c'] }))
    log.deleteBefore(1n)
    for (const offset of [-1n, 0n, 4n, 2n ** 62n])
      expect(refusal(() => log.read(offset, 100, { atLeastOneBatch: true }))).toMatchObject({ code: ERROR.OFFSET_OUT_OF_RANGE })
    expect(refusal(() => log.read(9n, 100, { atLeastOneBatch: true })).message).toContain('got 9, expected 1 to 3')
  })

  test('has all records after a clean stop, without reading a segment', () => {
    const under = logOn(make(), { segmentBytes: 700 })
    for (let index = 0; index < 30; index++) under.log.append(batchOf({ values: [`value ${index}`], times: 1000 + index }))
    const content = contentOf(under.log)
    under.log.close()
    const log = under.reopen()
    expect(log.findings).toEqual([])
    expect([log.startOffset, log.endOffset, log.highWatermark]).toEqual([0n, 30n, 30n])
    expect(contentOf(log)).toEqual(content)
    log.append(batchOf({ values: ['after'] }))
    expect(contentOf(under.reopen())).toEqual([...content, '30:after'])
  })

  test('refuses appends once closed, and can be closed twice', () => {
    const { log } = logOn(make())
    log.append(batchOf())
    log.close()
    log.close()
    expect(refusal(() => log.append(batchOf()))).toMatchObject({
      code: ERROR.KAFKA_STORAGE_ERROR,
      message: expect.stringContaining('closed'),
    })
  })

  test('refuses a batch that is too large for a message or for a segment', () => {
    const batch = batchOf({ values: ['x'.repeat(100)] })
    const { log } = logOn(make(), { maxMessageBytes: batch.length - 1 })
    expect(refusal(() => log.append(Buffer.from(batch)))).toMatchObject({
      code: ERROR.MESSAGE_TOO_LARGE,
      message: expect.stringContaining(`got ${batch.length} bytes, expected at most ${batch.length - 1}`),
    })
    const other = logOn(make(), { maxMessageBytes: batch.length, segmentBytes: batch.length - 1 })
    expect(refusal(() => other.log.append(Buffer.from(batch))).code).toBe(ERROR.RECORD_LIST_TOO_LARGE)
    other.settings = { ...other.settings, segmentBytes: batch.length }
    expect(other.log.append(Buffer.from(batch)).baseOffset).toBe(0n)
  })
})

describe('the log append time', () => {
  test('is written into the batch with a new CRC, and returned', () => {
    const under = logOn(memoryFolder(), { timestampType: 'LogAppendTime' })
    under.nowMs = 4711
    expect(under.log.append(batchOf({ times: [10, 20, 30], values: ['a', 'b', 'c'] })).logAppendTime).toBe(4711n)
    const [batch] = under.log.read(0n, 1000, { atLeastOneBatch: true })
    expect([isLogAppendTime(batch!, 0), maxTimestamp(batch!, 0)]).toEqual([true, 4711n])
    expect(recordsOf(batch!).map(record => record.timestamp)).toEqual([4711n, 4711n, 4711n])
    // A client may not set the broker's flag: without it the batch is valid.
    expect(refusal(() => checkBatch(batch!)).code).toBe(ERROR.INVALID_TIMESTAMP)
    expect(under.reopen().findings).toEqual([])
    expect(under.log.endOffset).toBe(3n)
  })

  test('of a duplicate is that of the original', () => {
    const under = logOn(memoryFolder(), { timestampType: 'LogAppendTime' })
    const producer = { id: 1, epoch: 0, sequence: 0 }
    under.log.append(batchOf({ producer }))
    under.nowMs += 50
    expect(under.log.append(batchOf({ producer }))).toEqual({ baseOffset: 0n, logAppendTime: 5000n, isDuplicate: true })
  })

  test('follows a change of settings from the next batch on', () => {
    const under = logOn(memoryFolder())
    under.log.append(batchOf())
    under.settings = { ...under.settings, timestampType: 'LogAppendTime' }
    under.log.append(batchOf())
    expect(
      under.log
        .read(0n, 1000, { atLeastOneBatch: true })
        .flatMap(recordsOf)
        .map(record => record.timestamp),
    ).toEqual([1000n, 5000n])
  })
})

describe('flushing a log', () => {
  test('moves the high watermark, and records cannot be read before that', () => {
    const { log } = logOn(memoryFolder(), { flushEachAppend: true })
    log.append(batchOf({ values: ['a'] }))
    expect([log.endOffset, log.highWatermark, log.lastStableOffset]).toEqual([1n, 0n, 0n])
    expect(log.read(0n, 1000, { atLeastOneBatch: true })).toEqual([])
    log.flush()
    log.append(batchOf({ values: ['b'] }))
    expect([log.endOffset, log.highWatermark, log.lastStableOffset]).toEqual([2n, 1n, 1n])
    expect(contentOf(log)).toEqual(['0:a'])
    expect(log.read(1n, 1000, { atLeastOneBatch: true })).toEqual([])
    log.flush()
    expect(contentOf(log)).toEqual(['0:a', '1:b'])
  })

  test('is not needed for records in a full segment', () => {
    const batch = batchOf({ values: ['a'] })
    const { log } = logOn(memoryFolder(), { flushEachAppend: true, segmentBytes: 2 * batch.length })
    for (let count = 0; count < 3; count++) log.append(Buffer.from(batch))
    expect([log.endOffset, log.highWatermark]).toEqual([3n, 2n])
    expect(contentOf(log)).toEqual(['0:a', '1:a'])
    log.flush()
    expect(log.highWatermark).toBe(3n)
  })

  test('is required before a search by time finds the records', () => {
    const { log } = logOn(memoryFolder(), { flushEachAppend: true })
    log.append(batchOf({ times: 10 }))
    log.flush()
    log.append(batchOf({ times: 20 }))
    expect(log.maxTimestamp()).toEqual({ offset: 0n, timestamp: 10n })
    expect(log.findTimestamp(15n)).toBeUndefined()
    log.flush()
    expect(log.maxTimestamp()).toEqual({ offset: 1n, timestamp: 20n })
    expect(log.findTimestamp(15n)).toEqual({ offset: 1n, timestamp: 20n })
  })
})

describe('a segment', () => {
  const bases = (names: readonly string[]): number[] =>
    names
      .filter(name => name.endsWith('.log'))
      .map(name => Number(name.slice(0, 20)))
      .toSorted((one, other) => one - other)

  test('is full when the next batch would make it too large', () => {
    const batch = batchOf()
    const { log, folder } = logOn(memoryFolder(), { segmentBytes: 3 * batch.length })
    for (let count = 0; count < 7; count++) log.append(Buffer.from(batch))
    expect(bases(folder.names())).toEqual([0, 3, 6])
  })

  test('is closed when its records span too much time', () => {
    const under = logOn(memoryFolder(), { segmentMs: 100 })
    for (const times of [1000, 900, 1100, 1101, 1150, 1202]) under.log.append(batchOf({ times }))
    expect(bases(under.folder.names())).toEqual([0, 3, 5])
  })

  test('ages by the clock if its records have no timestamps', () => {
    const under = logOn(memoryFolder(), { segmentMs: 100 })
    for (const nowMs of [1000, 1080, 1100, 1101]) {
      under.nowMs = nowMs
      under.log.append(batchOf({ times: -1 }))
    }
    expect(bases(under.folder.names())).toEqual([0, 3])
  })

  test('ends before its relative offsets need more than 31 bits', () => {
    const under = logOn(memoryFolder())
    // The header of a compressed batch may claim any number of records.
    const huge = (): Buffer => {
      const batch = batchOf()
      batch.writeInt32BE(2 ** 30, 23)
      return batch
    }
    for (let count = 0; count < 3; count++) under.log.append(huge())
    const end = 3n * (2n ** 30n + 1n)
    expect(under.log.endOffset).toBe(end)
    expect(bases(under.folder.names())).toEqual([0, 2 ** 30 + 1, 2 * (2 ** 30 + 1)])
    under.log.append(batchOf())
    const [last] = under.log.read(end, 1000, { atLeastOneBatch: true })
    expect(lastOffset(last!, 0)).toBe(end)
  })

  test.skipIf(!existsSync('/proc/self/fd'))('keeps no file open once it is full', () => {
    const path = temporaryPath()
    const { log } = logOn(diskFolder(path), { segmentBytes: 200 })
    for (let count = 0; count < 5; count++) log.append(batchOf({ values: ['x'.repeat(50)] }))
    expect(openFiles(path)).toHaveLength(1)
    contentOf(log)
    log.findTimestamp(0n)
    expect(openFiles(path)).toHaveLength(1)
    log.close()
    expect(openFiles(path)).toEqual([])
  })
})

describe('searching by time', () => {
  const times = [[50], [10, 90, 30], [90], [20], [120, 100], [110]]
  const filled = (settings = {}) => {
    const under = logOn(memoryFolder(), settings)
    for (const of of times) under.log.append(batchOf({ values: of.map(String), times: of }))
    return under
  }
  /** What a search through all records finds. */
  const plainly = (timestamp: number, from = 0) => {
    const offset = times.flat().findIndex((time, index) => index >= from && time >= timestamp)
    return offset === -1 ? undefined : { offset: BigInt(offset), timestamp: BigInt(times.flat()[offset]!) }
  }

  test.each([1, 100, 10_000])('finds the first record at or after the time, with %d bytes between index entries', indexIntervalBytes => {
    for (const segmentBytes of [200, 400, 100_000]) {
      const under = filled({ indexIntervalBytes, segmentBytes })
      for (const reopen of [() => {}, () => under.reopen(), () => under.log.close(), () => under.reopen()]) {
        reopen()
        for (let timestamp = 0; timestamp <= 130; timestamp += 5)
          expect(under.log.findTimestamp(BigInt(timestamp))).toEqual(plainly(timestamp))
      }
    }
  })

  test('does not find deleted records', () => {
    for (const segmentBytes of [200, 100_000]) {
      const { log } = filled({ segmentBytes })
      for (let start = 1; start <= 9; start++) {
        log.deleteBefore(BigInt(start))
        for (let timestamp = 0; timestamp <= 130; timestamp += 5)
          expect(log.findTimestamp(BigInt(timestamp))).toEqual(plainly(timestamp, start))
      }
    }
  })

  test('finds the first record with the greatest timestamp', () => {
    for (const segmentBytes of [200, 100_000]) {
      const { log } = filled({ segmentBytes })
      expect(log.maxTimestamp()).toEqual({ offset: 6n, timestamp: 120n })
      log.deleteBefore(6n)
      expect(log.maxTimestamp()).toEqual({ offset: 6n, timestamp: 120n })
      log.deleteBefore(8n)
      expect(log.maxTimestamp()).toEqual({ offset: 8n, timestamp: 110n })
      log.deleteBefore(9n)
      expect(log.maxTimestamp()).toBeUndefined()
    }
    expect(logOn(memoryFolder()).log.maxTimestamp()).toBeUndefined()
  })

  test('returns the first offset of a batch if its records are unreadable or contradict its header', () => {
    const { log } = logOn(memoryFolder())
    log.append(batchOf({ times: 10 }))
    const unreadable = batchOf({ values: ['a', 'b'], times: [20, 30] })
    unreadable.writeInt16BE(1, 21) // claims to be gzip, but is not
    log.append(unreadable)
    const lying = batchOf({ times: 40 })
    lying.writeBigInt64BE(60n, 35)
    log.append(lying)
    expect(log.findTimestamp(25n)).toEqual({ offset: 1n, timestamp: 30n })
    expect(log.findTimestamp(50n)).toEqual({ offset: 3n, timestamp: 60n })
  })
})

describe('deleting before an offset', () => {
  test('moves the start offset, even into a batch, and keeps it across a restart', () => {
    const under = logOn(memoryFolder())
    for (const value of ['a', 'b', 'c']) under.log.append(batchOf({ values: [value, value] }))
    under.log.deleteBefore(3n)
    for (const restart of [() => {}, () => under.reopen(), () => under.log.close(), () => under.reopen()]) {
      restart()
      expect(under.log.startOffset).toBe(3n)
      expect(contentOf(under.log)).toEqual(['3:b', '4:c', '5:c'])
    }
  })

  test('never moves the start offset back or beyond the high watermark', () => {
    const under = logOn(memoryFolder(), { flushEachAppend: true })
    under.log.append(batchOf({ values: ['a', 'b', 'c'] }))
    expect(refusal(() => under.log.deleteBefore(1n))).toMatchObject({
      code: ERROR.OFFSET_OUT_OF_RANGE,
      message: 'offset: got 1, expected at most 0',
    })
    under.log.flush()
    under.log.deleteBefore(2n)
    under.log.deleteBefore(1n)
    expect(under.log.startOffset).toBe(2n)
    expect(refusal(() => under.log.deleteBefore(4n)).code).toBe(ERROR.OFFSET_OUT_OF_RANGE)
    under.log.deleteBefore(3n)
    expect([under.log.startOffset, under.log.endOffset]).toEqual([3n, 3n])
    expect(under.reopen().endOffset).toBe(3n)
  })

  test('removes the segments before that offset', () => {
    const under = logOn(memoryFolder(), { segmentBytes: 2 * batchOf().length })
    for (let count = 0; count < 7; count++) under.log.append(batchOf())
    const bases = (): number[] =>
      under.folder
        .names()
        .filter(name => name.endsWith('.log'))
        .toSorted()
        .map(name => Number(name.slice(0, 20)))
    under.log.deleteBefore(3n)
    expect(bases()).toEqual([2, 4, 6])
    under.log.deleteBefore(4n)
    expect(bases()).toEqual([4, 6])
    under.log.deleteBefore(7n)
    expect(under.folder.names().filter(name => name.endsWith('.log') || name.endsWith('.index'))).toEqual([`${'6'.padStart(20, '0')}.log`])
    expect(under.reopen().findings).toEqual([])
    expect([under.log.startOffset, under.log.endOffset]).toEqual([7n, 7n])
  })
})

test('bytes that were read do not change when the log grows', () => {
  for (const make of Object.values(FOLDERS)) {
    const { log } = logOn(make(), { segmentBytes: 2000 })
    log.append(batchOf({ values: ['first'] }))
    const [piece] = log.read(0n, 1000, { atLeastOneBatch: true })
    const copy = Buffer.from(piece!)
    for (let count = 0; count < 200; count++) log.append(batchOf({ values: ['x'.repeat(100)] }))
    log.deleteBefore(150n)
    expect(piece).toEqual(copy)
    expect(batchBytes(piece!, 0)).toBe(piece!.length)
  }
})
