import { expect, test } from 'vitest'
import { LatencyHistogram, mean, percentile } from '../../bench/measuring/statistics.ts'

test('a percentile is the sample that this share of the samples do not exceed', () => {
  const samples = Array.from({ length: 100 }, (_, index) => 100 - index)
  expect(percentile(samples, 0.5)).toBe(50)
  expect(percentile(samples, 0.99)).toBe(99)
  expect(percentile(samples, 1)).toBe(100)
  expect(percentile([7], 0.01)).toBe(7)
})

test('a percentile without samples is NaN', () => {
  expect(percentile([], 0.5)).toBeNaN()
  expect(new LatencyHistogram().percentile(0.5)).toBeNaN()
})

test('a histogram has percentiles to 1 %, from less than 1 µs to minutes', () => {
  const histogram = new LatencyHistogram()
  for (let latencyUs = 1; latencyUs <= 100_000; latencyUs++) histogram.add(latencyUs)
  for (const share of [0.1, 0.5, 0.9, 0.99, 1]) {
    expect(Math.abs(histogram.percentile(share) / (share * 100_000) - 1)).toBeLessThan(0.01)
  }
  histogram.add(0.2)
  histogram.add(60_000_000)
  expect(histogram.percentile(1) / 60_000_000).toBeCloseTo(1, 1)
  expect(histogram.size).toBe(100_002)
})

test('merged histograms equal one of all samples, even after they were sent between processes', () => {
  const [one, other, both] = [new LatencyHistogram(), new LatencyHistogram(), new LatencyHistogram()]
  for (let latencyUs = 1; latencyUs < 5_000; latencyUs += 7) {
    one.add(latencyUs)
    both.add(latencyUs)
  }
  other.add(1_000_000)
  both.add(1_000_000)
  const sent = new LatencyHistogram(JSON.parse(JSON.stringify(other)))
  expect(one.merge(sent).toJSON()).toEqual(both.toJSON())
  expect(sent.merge(one).toJSON()).toEqual(both.toJSON())
})

test('the mean is the sum divided by the number of values', () => {
  expect(mean([1, 2, 6])).toBe(3)
})
