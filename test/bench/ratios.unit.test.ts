import { expect, test } from 'vitest'
import { mergeRuns } from '../../bench/load/cell.ts'
import { ratiosOf } from '../../bench/report/ratios.ts'
import { nothing } from './figures-fixture.ts'

/** A cell with one turn for each rate; `cpuUs` is what a request costs. */
const cell = (contender: string, connections: number, rates: readonly number[], cpuUs?: number) =>
  mergeRuns(
    contender,
    connections,
    rates.map(measured => ({
      cpu: cpuUs === undefined ? undefined : { server: (cpuUs * measured) / 1e6 },
      result: { answered: measured, failed: 0, measured, measuredMs: 1000, latencies: [], generatorLoad: 0 },
    })),
  )
const byName = (pings: ReturnType<typeof cell>[]) =>
  Object.fromEntries(ratiosOf({ ...nothing, pings }).map(({ what, ...rest }) => [what, rest]))

test('the ratios compare pings with every contender at the same number of connections', () => {
  const ratios = byName([cell('a', 64, [1000]), cell('a', 1, [10]), cell('d', 64, [500])])
  expect(ratios).toEqual({ 'pings / bare node:http, 64 connections': { better: 'more', value: 0.5, noise: 0.05 } })
})

test('the noise is half the spread of the ratios of the turns', () => {
  const steady = byName([cell('a', 64, [1000, 500]), cell('d', 64, [500, 250])])
  expect(steady['pings / bare node:http, 64 connections']?.noise).toBe(0.05)
  const noisy = byName([cell('a', 64, [1000, 1000]), cell('d', 64, [600, 400])])
  expect(noisy['pings / bare node:http, 64 connections']).toMatchObject({ value: 0.5, noise: expect.closeTo(0.2, 9) })
})

test('the ratio of CPU compares a ping with a bare call, and less is better', () => {
  const ratios = byName([cell('a', 64, [1000], 10), cell('d', 64, [500], 45)])
  expect(ratios['CPU of a ping / of a call of bare node:http, 64 connections']).toEqual({
    better: 'less',
    value: expect.closeTo(4.5, 9),
    noise: 0.05,
  })
})
