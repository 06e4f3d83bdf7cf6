import { describe, expect, test } from 'vitest'
import { ERROR } from '../../../broker/errors.ts'
import { memoryFolder } from '../../../broker/log/memory-folder.ts'
import { batchOf, logOn } from './log-fixture.ts'

const NOW_MS = 1_700_000_000_000

describe('the timestamp that a producer gives a record', () => {
  const append = (times: readonly number[], settings: Parameters<typeof logOn>[1]): number => {
    const under = logOn(memoryFolder(), settings)
    under.nowMs = NOW_MS
    try {
      under.log.append(batchOf({ values: times.map(String), times }))
      return ERROR.NONE
    } catch (error) {
      expect(under.log.endOffset).toBe(0n)
      return (error as { code: number }).code
    }
  }

  test('may be earlier than the clock by up to the limit', () => {
    const settings = { timestampAfterMaxMs: 1_000 }
    expect(append([NOW_MS, NOW_MS + 1_000], settings)).toBe(ERROR.NONE)
    expect(append([NOW_MS, NOW_MS + 1_001], settings)).toBe(ERROR.INVALID_TIMESTAMP)
  })

  test('may be later than the clock by up to the limit', () => {
    const settings = { timestampBeforeMaxMs: 1_000 }
    expect(append([NOW_MS - 1_000, NOW_MS], settings)).toBe(ERROR.NONE)
    expect(append([NOW_MS - 1_001, NOW_MS], settings)).toBe(ERROR.INVALID_TIMESTAMP)
  })

  test('may be missing', () => expect(append([-1], { timestampBeforeMaxMs: 1_000, timestampAfterMaxMs: 1_000 })).toBe(ERROR.NONE))

  test('is not checked if the topic uses the log append time', () => {
    expect(append([NOW_MS + 1_001], { timestampAfterMaxMs: 1_000, timestampType: 'LogAppendTime' })).toBe(ERROR.NONE)
  })
})
