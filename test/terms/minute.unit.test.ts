import { expect, test } from 'vitest'
import { minuteOf } from '../../src/terms/minute.ts'

test.each([
  [0n, 0],
  [59_999n, 0],
  [60_000n, 1],
  [-1n, -1],
  [-60_000n, -1],
  [-60_001n, -2],
  [-62_135_596_800_000n, -1_035_593_280],
  [253_402_300_799_999n, 4_223_371_679],
  [9_223_372_036_854_775_807n, 153_722_867_280_912],
  [-9_223_372_036_854_775_808n, -153_722_867_280_913],
])('%s ms is in minute %s', (timestampMs, minute) => {
  expect(minuteOf(timestampMs)).toBe(minute)
})
