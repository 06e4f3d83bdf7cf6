import { expect, test } from 'vitest'
import { compare, inTurns, median } from '../../bench/broker/comparison.ts'
import type { Measured } from '../../bench/broker/figures.ts'
import { judgeAims } from '../../bench/broker/judge-aims.ts'
import { parseRss } from '../../bench/measuring/rss-mb.ts'
import type { Contender } from '../../bench/parts/brokers.ts'
import { verdict } from '../../bench/report/judge-aims.ts'

test("the ratio is the median of the rounds' ratios, so a machine that slows down does not change it", () => {
  expect(compare('rate', { ours: [100, 50, 10], apache: [50, 25, 5] })).toEqual({ what: 'rate', ours: 50, apache: 25, ratio: 2 })
  expect(compare('rate', { ours: [8, 1, 9], apache: [2, 1, 1] })?.ratio).toBe(4)
})

test('a comparison has no figure if one broker has none', () => {
  expect(compare('rate', { ours: [1], apache: [] })).toBeUndefined()
  expect(compare('rate', { ours: [], apache: [] })).toBeUndefined()
})

test('the median of an even number of values is the mean of the two in the middle', () => {
  expect(median([4, 1, 3, 100])).toBe(3.5)
  expect(median([2, 9, 1])).toBe(2)
})

test('the brokers take turns at being first', async () => {
  const order: Contender[] = []
  const collected = await inTurns(3, async (contender, round) => {
    order.push(contender)
    return `${contender}${round}`
  })
  expect(order).toEqual(['ours', 'apache', 'apache', 'ours', 'ours', 'apache'])
  expect(collected).toEqual({ ours: ['ours0', 'ours1', 'ours2'], apache: ['apache0', 'apache1', 'apache2'] })
})

test('memory is the resident set size that the system reports, in MB', () => {
  expect(parseRss('VmPeak:\t  900000 kB\nVmRSS:\t  100000 kB\nRssAnon:\t 1 kB\n')).toBe(102.4)
  expect(parseRss('Name:\tkernel thread\n')).toBeUndefined()
})

test('each aim of the broker is judged by its ratio', () => {
  const row = (what: string, ratio: number) => ({ what, ours: 0, apache: 0, ratio })
  const measured: Measured = {
    startUp: [row('first start, empty folder', 0.05), row('further start, the same folder', 0.2)],
    memory: [row('after the start', 0.2)],
    idle: [],
    rates: [row('produce, batches of 1000', 1.1), row('consume', 0.9), row('produce, batches of 1', 2)],
    latencies: [],
    brokerCpu: [],
    clientCpu: [],
    verifiedRecords: 0,
  }
  expect(judgeAims(measured).map(aim => `${aim.what}: ${verdict(aim)}`)).toEqual([
    'produce, batches of 1000, records/s: reached',
    'consume, records/s: short by 10 %',
    'produce, batches of 1, records/s: reached',
    'start-up: first start, empty folder: reached',
    'start-up: further start, the same folder: short by 100 %',
    'memory after the start: reached',
    'memory after the load: not measured',
  ])
})
