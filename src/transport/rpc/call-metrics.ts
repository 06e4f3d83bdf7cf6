import { Counter, type Metric, type Registry } from 'prom-client'
import type { CallMetrics } from './measure-calls.ts'

/** Upper bounds of the buckets, in seconds. A longer call counts in the last bucket, +Inf. */
export const SECONDS = [0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10]

/** The calls of one method. */
interface Calls {
  readonly codes: Map<string, number>
  /** Calls by bucket. */
  readonly buckets: number[]
  count: number
  sumSeconds: number
}

/** Counts and times calls in `PREFIX_rpc_total` and `PREFIX_rpc_seconds`. The library's own metrics look up each observation by its labels, which costs more than all the rest here. */
export function callMetrics(registry: Registry, prefix: string): CallMetrics {
  const methods = new Map<string, Calls>()
  const secondsName = `${prefix}_rpc_seconds`
  new Counter({
    name: `${prefix}_rpc_total`,
    help: 'Calls by method and code',
    labelNames: ['method', 'code'],
    registers: [registry],
    collect() {
      this.reset()
      for (const [method, { codes }] of methods) for (const [code, calls] of codes) this.inc({ method, code }, calls)
    },
  })
  const seconds = { name: secondsName, help: 'Duration of a call in seconds', type: 'histogram', aggregator: 'sum' }
  const histogram = {
    ...seconds,
    labelNames: ['method'],
    get: async () => ({ ...seconds, values: [...methods].flatMap(([method, calls]) => valuesOf(secondsName, method, calls)) }),
  }
  registry.registerMetric(histogram as unknown as Metric)
  return {
    rpcEnded(method, code, tookSeconds) {
      let calls = methods.get(method)
      if (calls === undefined) methods.set(method, (calls = { codes: new Map(), buckets: SECONDS.map(() => 0), count: 0, sumSeconds: 0 }))
      calls.codes.set(code, (calls.codes.get(code) ?? 0) + 1)
      calls.count++
      calls.sumSeconds += tookSeconds
      const bucket = SECONDS.findIndex(end => tookSeconds <= end)
      if (bucket >= 0) calls.buckets[bucket] = calls.buckets[bucket]! + 1
    },
  }
}

/** In the library's form: each bucket includes the smaller ones. */
function valuesOf(name: string, method: string, { buckets, count, sumSeconds }: Calls) {
  let sum = 0
  const metricName = `${name}_bucket`
  const values: { metricName: string; labels: Record<string, string | number>; value: number }[] = buckets.map((calls, at) => ({
    metricName,
    labels: { le: SECONDS[at]!, method },
    value: (sum += calls),
  }))
  values.push({ metricName, labels: { le: '+Inf', method }, value: count })
  values.push({ metricName: `${name}_sum`, labels: { method }, value: sumSeconds })
  values.push({ metricName: `${name}_count`, labels: { method }, value: count })
  return values
}
