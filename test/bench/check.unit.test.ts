import { expect, test } from 'vitest'
import { compareRatios, hasFallen, isEmpty, renderChanges } from '../../bench/report/kept-ratios.ts'
import type { Ratio } from '../../bench/report/ratios.ts'

const more = (value: number, noise = 0.05): Ratio => ({ what: 'pings', better: 'more', value, noise })
const less = (value: number, noise = 0.05): Ratio => ({ what: 'CPU', better: 'less', value, noise })
const verdictOf = (was: Ratio, is: Ratio) => compareRatios([was], [is])[0]?.verdict

test('a ratio is worse if it fell by more than the noise, and better if it rose by more', () => {
  expect(verdictOf(more(1), more(0.8))).toBe('worse')
  expect(verdictOf(more(1), more(1.25))).toBe('better')
  expect([verdictOf(more(1), more(0.95)), verdictOf(more(1), more(1.05))]).toEqual(['the same', 'the same'])
})

test('a ratio that should be small is worse if it rises', () => {
  expect(verdictOf(less(2), less(2.5))).toBe('worse')
  expect(verdictOf(less(2), less(1.6))).toBe('better')
  expect(verdictOf(less(2), less(2.05))).toBe('the same')
})

test('the noise of a comparison is that of both runs together', () => {
  expect(verdictOf(more(1, 0.05), more(0.9, 0.05))).toBe('worse')
  expect(verdictOf(more(1, 0.05), more(0.9, 0.2))).toBe('the same')
  expect(verdictOf(more(1, 0.2), more(0.9, 0.05))).toBe('the same')
  expect(compareRatios([more(1, 0.03)], [more(1, 0.04)])[0]?.noise).toBeCloseTo(0.05, 9)
})

test('a ratio that this run did not measure is not worse', () => {
  const changes = compareRatios([more(1), less(1)], [more(1)])
  expect(changes.map(({ verdict }) => verdict)).toEqual(['the same', 'not measured'])
  expect(hasFallen(changes)).toBe(false)
  expect(hasFallen(compareRatios([more(1), less(1)], [more(1), less(3)]))).toBe(true)
})

test('the table says which ratios fell, and how many', () => {
  const parts = { broker: 'ours', cache: 'redis-server' }
  const kept = { at: '2026-11-28T10:00:00Z', ...parts, ratios: [] }
  const changes = compareRatios([more(0.5), less(2)], [more(0.4), less(2)])
  const text = renderChanges(kept, changes, parts)
  expect(text).toMatch(/against those of 2026-11-28/)
  expect(text).toMatch(/pings +×0\.50 +×0\.40 +-20 % +7 % +WORSE/)
  expect(text).toMatch(/1 of 2 fell by more than the noise$/)
  expect(renderChanges(kept, changes, { ...parts, broker: 'Apache' })).toMatch(/other parts than this run: ours, redis-server/)
})

test('a comparison is empty if the run measured none of the committed ratios', () => {
  expect(isEmpty(compareRatios([more(1), less(1)], []))).toBe(true)
  expect(isEmpty(compareRatios([more(1), less(1)], [more(1)]))).toBe(false)
})
