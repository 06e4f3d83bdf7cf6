import { Counter, Histogram, Registry } from 'prom-client'
import { expect, test } from 'vitest'
import { callMetrics, SECONDS } from '../../src/transport/rpc/call-metrics.ts'

test('call metrics are printed exactly as the library prints its own', async () => {
  const [ours, theirs] = [new Registry(), new Registry()]
  const metrics = callMetrics(ours, 'ping')
  const registers = [theirs]
  const calls = new Counter({ name: 'ping_rpc_total', help: 'Calls by method and code', labelNames: ['method', 'code'], registers })
  const seconds = new Histogram({
    name: 'ping_rpc_seconds',
    help: 'Duration of a call in seconds',
    labelNames: ['method'],
    buckets: SECONDS,
    registers,
  })
  for (const [method, code, took] of [
    ['a/B', 'ok', 0.0005],
    ['a/B', 'ok', 0.25],
    ['a/B', 'internal', 99],
    ['a/C', 'ok', 10],
  ] as const) {
    metrics.rpcEnded(method, code, took)
    calls.inc({ method, code })
    seconds.observe({ method }, took)
  }
  expect(await ours.metrics()).toBe(await theirs.metrics())
  expect(await ours.metrics()).toBe(await theirs.metrics()) // reading changes nothing
})
