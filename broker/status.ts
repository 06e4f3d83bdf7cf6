import type { Registry } from 'prom-client'
import type { Logger } from '../src/runtime/logger.ts'
import type { Readiness } from '../src/runtime/readiness.ts'
import type { StatusServer } from '../src/runtime/status-server.ts'
import { metricsText } from './metrics-text.ts'
import type { BrokerMetrics, BrokerView } from './metrics.ts'

export interface StatusOptions {
  readonly port: number
  readonly host: string
  readonly readiness: Readiness
  readonly metrics: BrokerMetrics
  /** Called for each request of the metrics. */
  readonly view: () => BrokerView
  readonly log: Logger
}

/**
 * Serves /livez, /readyz and /metrics. Only this module loads HTTP, and it loads the process metrics at the first request for metrics. Both
 * take longer than the rest of the start, and the process metrics wake an idle process a hundred times a second to watch the event loop.
 */
export async function startStatus({ port, host, readiness, metrics, view, log }: StatusOptions): Promise<StatusServer> {
  const { startStatusServer } = await import('../src/runtime/status-server.ts')
  let registry: Promise<Registry> | undefined
  const source = {
    contentType: 'text/plain; version=0.0.4; charset=utf-8',
    metrics: async () => {
      registry ??= import('../src/runtime/metrics-registry.ts').then(({ createRegistry }) => createRegistry())
      return `${metricsText(metrics.families(view()))}\n${await (await registry).metrics()}`
    },
  }
  return startStatusServer({ port, hosts: [host], portSetting: 'status.port', hostSetting: 'status.host', readiness, metrics: source, log })
}
