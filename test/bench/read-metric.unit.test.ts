import { expect, test } from 'vitest'
import { readMetric } from '../../bench/measuring/read-metric.ts'

const METRICS = `# HELP ping_a_total a
# TYPE ping_a_total counter
ping_a_total{lane="0"} 3
ping_a_total{lane="1"} 4e2
ping_a_total_more 1000
ping_b_total 7
`

test('reading a metric sums its series, and ignores metrics with longer names', () => {
  expect(readMetric(METRICS, 'ping_a_total')).toBe(403)
  expect(readMetric(METRICS, 'ping_b_total')).toBe(7)
  expect(readMetric(METRICS, 'ping_c_total')).toBe(0)
})
