import { expect, test } from 'vitest'
import { createRegistry } from '../../src/runtime/metrics-registry.ts'
import { wait } from '../../src/runtime/wait.ts'

const BLOCKED_MS = 50
/** Node's timer-based monitor reports no delay below its interval. In s. */
const TIMER_INTERVAL = 0.01

test('the event loop lag is measured once per turn, without a timer that wakes the program', async () => {
  const { monitorEventLoopDelay } = process.getBuiltinModule('node:perf_hooks')
  const registry = createRegistry()
  expect(process.getBuiltinModule('node:perf_hooks').monitorEventLoopDelay).toBe(monitorEventLoopDelay)
  for (let turn = 0; turn < 10; turn++) await wait(1)
  const end = performance.now() + BLOCKED_MS
  while (performance.now() < end); // in the way of everything else
  await wait(1)
  const value = async (name: string) => (await registry.getSingleMetric(`nodejs_eventloop_lag_${name}_seconds`)!.get()).values[0]!.value
  await registry.getSingleMetric('nodejs_eventloop_lag_seconds')!.get() // reads all of them
  expect(await value('max')).toBeGreaterThanOrEqual((BLOCKED_MS / 1000) * 0.9)
  expect(await value('min')).toBeLessThan(TIMER_INTERVAL / 2)
})
