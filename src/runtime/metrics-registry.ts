import { collectDefaultMetrics, Registry } from 'prom-client'

/** A registry of a program's own with the metrics of the process: memory, CPU, event loop, garbage collection. */
export function createRegistry(): Registry {
  const registry = new Registry()
  collectDefaultMetrics({ register: registry })
  return registry
}
