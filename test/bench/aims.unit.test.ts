import { expect, test } from 'vitest'
import { mergeRuns } from '../../bench/load/cell.ts'
import type { Figures } from '../../bench/report/figures.ts'
import { judgeAims, verdict } from '../../bench/report/judge-aims.ts'
import { nothing } from './figures-fixture.ts'

const cell = (contender: string, connections: number, measured: number) =>
  mergeRuns(contender, connections, [
    { cpu: undefined, result: { answered: measured, failed: 0, measured, measuredMs: 1000, latencies: [], generatorLoad: 0 } },
  ])

const gotOf = (figures: Figures) => Object.fromEntries(judgeAims(figures).map(({ what, got }) => [what, got]))

test('the aims compare Ping with every contender at the same number of connections', () => {
  const pings = [
    cell('a', 64, 20_000),
    cell('b', 1, 1),
    cell('b', 64, 3_500),
    cell('c', 64, 1_000),
    cell('d', 1, 9),
    cell('d', 64, 7_000),
    cell('e', 1, 10),
  ]
  expect(gotOf({ ...nothing, pings })).toMatchObject({
    'Ping / (a) bare node:http, 64 connections': 0.35,
    'Ping / (a) bare node:http, 256 connections': undefined,
    'Ping / (b) no-op through Connect, 64 connections': 2,
    'Ping / (c) the plain way, 64 connections': 7,
    'Ping / (e) single INSERTs, 1 connection': 0.9,
  })
})

test('the CPU of a ping includes all parts', () => {
  const pings = [{ ...cell('d', 64, 1), cpuUsPerRequest: { server: 20, postgres: 15, cache: 1 } }]
  expect(gotOf({ ...nothing, pings })).toMatchObject({ 'CPU µs a ping in all parts, 64 connections': 36 })
})

test('the aims compare calls on many rows with calls on few rows', () => {
  const comparisons = [{ what: 'ping', few: cell('', 64, 1_000), many: cell('', 64, 950) }]
  const figures = { ...nothing, counts: { rows: 0, cells: [], onRows: { fewRows: 1, manyRows: 2, comparisons } } }
  expect(gotOf(figures)).toMatchObject({
    'pings, many rows / few, 64 connections': 0.95,
    'strong total, many rows / few, 64 connections': undefined,
  })
})

test('freshness has an aim for every kind of traffic', () => {
  const run = { samples: 9, p50Ms: 1, maxMs: 9, fromCache: 1 }
  const freshness = [{ ...run, traffic: 'idle', p99Ms: 100 } as const, { ...run, traffic: 'load', p99Ms: 1_375 } as const]
  const aims = judgeAims({ ...nothing, freshness }).filter(aim => aim.what.startsWith('freshness'))
  expect(aims.map(verdict)).toEqual(['reached', 'reached', 'not measured', 'short by 25 %'])
})

test('the CPU at rest includes all parts', () => {
  const atRest = [
    { part: 'server', cpuPercent: 0.4, memoryMb: 1 },
    { part: 'kafka', cpuPercent: 0.2, memoryMb: 1 },
  ]
  const figures = { ...nothing, start: { newFolderMs: 1, sameFolderMs: 1, atRest } }
  expect(gotOf(figures)['npm start, CPU at rest in all, % of a core']).toBeCloseTo(0.6, 9)
})

test('an aim is reached at its bound; otherwise the report says by how much it is missed', () => {
  expect(verdict({ what: '', bound: 'least', aim: 5, got: 5 })).toBe('reached')
  expect(verdict({ what: '', bound: 'least', aim: 5, got: 4 })).toBe('short by 20 %')
  expect(verdict({ what: '', bound: 'most', aim: 100, got: 100 })).toBe('reached')
  expect(verdict({ what: '', bound: 'most', aim: 100, got: 110 })).toBe('short by 10 %')
})

test('an aim that was not measured is neither reached nor missed', () => {
  expect(new Set(judgeAims(nothing).map(verdict))).toEqual(new Set(['not measured']))
})
