import { describe, expect, test } from 'vitest'
import { batchOf, contentOf, FOLDERS, logOn } from './log-fixture.ts'

const SIZE = batchOf().length

describe.each(Object.entries(FOLDERS))('retention in %s', (_, make) => {
  /** Batches with the given times, two in each segment. */
  const filled = (times: readonly number[], settings = {}) => {
    const under = logOn(make(), { segmentBytes: 2 * SIZE, ...settings })
    for (const time of times) under.log.append(batchOf({ times: time }))
    return under
  }

  test('keeps everything by default', () => {
    const under = filled([1, 2, 3, 4, 5])
    under.nowMs = 2 ** 45
    under.log.applyRetention()
    expect([under.log.startOffset, under.log.endOffset]).toEqual([0n, 5n])
  })

  test('deletes segments whose last record is too old, and offsets continue', () => {
    const under = filled([100, 200, 300, 150, 500, 600, 700], { retentionMs: 1000 })
    const startAt = (nowMs: number): bigint => {
      under.nowMs = nowMs
      under.log.applyRetention()
      return under.log.startOffset
    }
    expect([1200, 1201, 1300, 1301, 1600, 1601].map(startAt)).toEqual([0n, 2n, 2n, 4n, 4n, 6n])
    expect(contentOf(under.log)).toEqual(['6:a value'])
  })

  test('closes and deletes the active segment if it is also too old', () => {
    const under = filled([100, 200, 300], { retentionMs: 1000 })
    under.nowMs = 1301
    under.log.applyRetention()
    expect([under.log.startOffset, under.log.endOffset, under.log.highWatermark]).toEqual([3n, 3n, 3n])
    for (const restart of [() => {}, () => under.reopen(), () => under.log.close(), () => under.reopen()]) {
      restart()
      expect([under.log.startOffset, under.log.endOffset]).toEqual([3n, 3n])
      expect(under.log.findings).toEqual([])
    }
    under.log.applyRetention()
    expect(under.folder.names().filter(name => name.endsWith('.log'))).toEqual([`${'3'.padStart(20, '0')}.log`])
    expect(under.log.append(batchOf()).baseOffset).toBe(3n)
  })

  test('keeps an old segment that follows a younger one', () => {
    const under = filled([100, 5000, 200, 300, 400], { retentionMs: 1000 })
    under.nowMs = 3000
    under.log.applyRetention()
    expect(under.log.startOffset).toBe(0n)
  })

  test('uses the time of writing for records without timestamps', () => {
    const under = filled([-1, -1], { retentionMs: 1000 })
    under.log.close()
    under.nowMs = 6000
    under.reopen()
    under.log.applyRetention()
    expect(under.log.startOffset).toBe(0n)
    under.nowMs = 6001
    under.log.applyRetention()
    expect(under.log.startOffset).toBe(2n)
  })

  test('deletes the oldest segments as long as the others hold the size limit', () => {
    const under = filled([1, 2, 3, 4, 5])
    const startWith = (retentionBytes: number): bigint => {
      under.settings = { ...under.settings, retentionBytes }
      under.log.applyRetention()
      return under.log.startOffset
    }
    expect([5 * SIZE, 3 * SIZE + 1, 3 * SIZE, SIZE + 1, SIZE, 1, 0].map(startWith)).toEqual([0n, 0n, 2n, 2n, 4n, 4n, 5n])
    expect(under.log.endOffset).toBe(5n)
  })

  test('deletes no records that consumers cannot read yet', () => {
    const under = filled([], { flushEachAppend: true, retentionMs: 10, segmentBytes: SIZE })
    under.log.append(batchOf({ times: 1 }))
    under.log.append(batchOf({ times: 1 }))
    under.log.applyRetention()
    expect([under.log.startOffset, under.log.highWatermark, under.log.endOffset]).toEqual([1n, 1n, 2n])
    under.log.flush()
    under.log.applyRetention()
    expect(under.log.startOffset).toBe(2n)
  })

  test('does not move back a start offset that is further ahead', () => {
    const under = filled([100, 200, 300, 4000], { retentionMs: 1000 })
    under.log.deleteBefore(3n)
    under.nowMs = 1500
    under.log.applyRetention()
    expect(under.log.startOffset).toBe(3n)
    expect(under.reopen().startOffset).toBe(3n)
  })

  test('removes the files of deleted segments from the disk', () => {
    const under = filled([1, 2, 3, 4, 5, 6, 7], { retentionBytes: 3 * SIZE })
    under.log.applyRetention()
    const names = under.folder.names()
    expect(names.filter(name => !name.endsWith('.snapshot')).toSorted()).toEqual(
      ['4.index', '4.log', '6.log'].map(name => name.padStart(name.length + 19, '0')),
    )
    expect(names.filter(name => name.endsWith('.snapshot')).length).toBeLessThanOrEqual(2)
  })
})
