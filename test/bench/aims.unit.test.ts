import { expect, test } from 'vitest'
import { judgeAims, verdict } from '../../bench/aims.ts'
import { mergeRuns } from '../../bench/cells.ts'
import type { Figures } from '../../bench/figures.ts'

const cell = (contender: string, connections: number, measured: number) =>
  mergeRuns(contender, connections, [{ cpu: undefined, result: { answered: measured, failed: 0, measured, measuredMs: 1000, latencies: [], generatorLoad: 0 } }])

const nothing: Figures = {
  at: '',
  tookSeconds: 0,
  usedByOthers: undefined,
  options: { broker: 'ours', natsServer: undefined, pgmqSql: undefined, seconds: 1, connections: [], only: [], turns: 1, poolSizes: [], countRows: 0, processorEvents: 0, freshnessShare: 1, profileDir: undefined },
  machine: { broker: '', cache: '', cpu: '', cores: 0, memoryGiB: 0, system: '', node: '', postgres: '', fsync: '', synchronousCommit: '', kafka: '' },
  poolSearch: undefined,
  pings: [],
  counts: undefined,
  processor: undefined,
  freshness: undefined,
  invalid: [],
}

const gotOf = (figures: Figures) => Object.fromEntries(judgeAims(figures).map(({ what, got }) => [what, got]))

test('Ping is judged at 64 connections against the no-op and the plain way', () => {
  const pings = [cell('b', 1, 1), cell('b', 64, 10_000), cell('c', 64, 1_000), cell('d', 1, 9), cell('d', 64, 7_000)]
  expect(gotOf({ ...nothing, pings })).toMatchObject({ 'Ping against (b), 64 connections': 0.7, 'Ping against (c), 64 connections': 7 })
})

test('the strong total on many rows is judged against that on few', () => {
  const cells = [cell('small', 1, 5), cell('small', 64, 1_000), cell('large', 1, 1), cell('large', 64, 950)]
  const figures = { ...nothing, counts: { rows: 0, cells: [], strong: { smallRows: 1, largeRows: 2, cells } } }
  expect(gotOf(figures)).toMatchObject({ 'strong total, many rows against few, 64 connections': 0.95 })
})

test('every traffic has to be fresh', () => {
  const run = { samples: 9, p50Ms: 1, maxMs: 9, fromCache: 1 }
  const freshness = [{ ...run, traffic: 'idle', p99Ms: 100 } as const, { ...run, traffic: 'load', p99Ms: 1_500 } as const]
  const aims = judgeAims({ ...nothing, freshness }).filter(aim => aim.what.startsWith('freshness'))
  expect(aims.map(verdict)).toEqual(['reached', 'short by 25 %'])
})

test('an aim is reached at the bound, and else told by how much it is short', () => {
  expect(verdict({ what: '', bound: 'least', aim: 5, got: 5 })).toBe('reached')
  expect(verdict({ what: '', bound: 'least', aim: 5, got: 4 })).toBe('short by 20 %')
  expect(verdict({ what: '', bound: 'most', aim: 100, got: 100 })).toBe('reached')
  expect(verdict({ what: '', bound: 'most', aim: 100, got: 110 })).toBe('short by 10 %')
})

test('what was not measured is neither reached nor short', () => {
  expect(judgeAims(nothing).map(verdict)).toEqual(['not measured', 'not measured', 'not measured', 'not measured'])
})
