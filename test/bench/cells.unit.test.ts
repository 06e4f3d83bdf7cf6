import { expect, test } from 'vitest'
import { cpuOfAll, mergeRuns, type CellRun } from '../../bench/load/cell.ts'
import { LatencyHistogram } from '../../bench/measuring/statistics.ts'
import { rateRatio } from '../../bench/report/render-pings.ts'

function run(options: { measured: number; ms: number; latencyUs: number; cpuS?: number; failed?: number }): CellRun {
  const latencies = new LatencyHistogram()
  for (let n = 0; n < options.measured; n++) latencies.add(options.latencyUs)
  const failure = options.failed ? { failed: options.failed, firstFailure: '503' } : { failed: 0 }
  return {
    cpu: options.cpuS === undefined ? undefined : { server: options.cpuS },
    result: {
      answered: options.measured * 2,
      measured: options.measured,
      measuredMs: options.ms,
      latencies: latencies.toJSON(),
      generatorLoad: 0.5,
      ...failure,
    },
  }
}

test('a cell merges its runs into one long run', () => {
  const cell = mergeRuns('d', 64, [
    run({ measured: 1000, ms: 1000, latencyUs: 100, cpuS: 1 }),
    run({ measured: 20, ms: 1000, latencyUs: 9_000, cpuS: 0.02 }),
  ])
  expect(cell.requestsPerSecond).toBe(510)
  expect(cell.p50Ms).toBeCloseTo(0.1, 2)
  expect(cell.p99Ms).toBeCloseTo(9, 0)
  expect(cell.p999Ms).toBeCloseTo(9, 0)
  expect(cell.cpuUsPerRequest).toEqual({ server: 500 })
  expect(cpuOfAll({ ...cell, cpuUsPerRequest: { server: 500, kafka: 20 } })).toBe(520)
  expect(cell.generatorUs).toBeCloseTo(1_000_000 / 1020, 6)
})

test('a cell shows a failure of any of its runs', () => {
  const cell = mergeRuns('d', 1, [run({ measured: 1, ms: 1, latencyUs: 1 }), run({ measured: 1, ms: 1, latencyUs: 1, failed: 3 })])
  expect([cell.failed, cell.firstFailure]).toEqual([3, '503'])
})

test('a cell has no CPU times unless every run has them', () => {
  const cell = mergeRuns('d', 1, [run({ measured: 1, ms: 1, latencyUs: 1, cpuS: 1 }), run({ measured: 1, ms: 1, latencyUs: 1 })])
  expect(cell.cpuUsPerRequest).toBeUndefined()
})

test('a ratio compares only cells with the same number of connections', () => {
  const cell = (contender: string, connections: number, measured: number) =>
    mergeRuns(contender, connections, [run({ measured, ms: 1000, latencyUs: 1 })])
  const cells = [cell('b', 1, 10), cell('b', 64, 100), cell('d', 64, 80)]
  expect(rateRatio(cells, cells[2]!, 'b')).toBe(0.8)
  expect(rateRatio(cells, cells[2]!, 'c')).toBeUndefined()
})
