import { expect, it } from 'vitest'
import { pauseAfter } from '../../processor/fetch-pause.ts'

it('waits after a fetch of few records, a small part of the second between two flushes, and not after one of many', () => {
  expect(pauseAfter(1)).toBeGreaterThan(0)
  expect(pauseAfter(1)).toBeLessThanOrEqual(200)
  expect(pauseAfter(1_000)).toBe(0)
})
