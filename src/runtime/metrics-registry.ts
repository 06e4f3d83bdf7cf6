import { collectDefaultMetrics, Registry } from 'prom-client'

/** A new registry with the metrics of the process: memory, CPU, event loop, garbage collection. */
export function createRegistry(): Registry {
  const registry = new Registry()
  withRestfulMonitor(() => collectDefaultMetrics({ register: registry }))
  return registry
}

/**
 * Node's monitor of the event loop wakes a program a hundred times a second: 0.4 % of a core, most of the cost of an idle program. The
 * monitor can sample each turn of the loop instead, without waking the program. prom-client has no option for that, so this replaces
 * the function that creates the monitor while prom-client sets itself up.
 */
function withRestfulMonitor(setUp: () => void): void {
  const hooks = process.getBuiltinModule('node:perf_hooks')
  const { monitorEventLoopDelay } = hooks
  Object.assign(hooks, { monitorEventLoopDelay: () => monitorEventLoopDelay({ samplePerIteration: true }) })
  try {
    setUp()
  } finally {
    Object.assign(hooks, { monitorEventLoopDelay })
  }
}
