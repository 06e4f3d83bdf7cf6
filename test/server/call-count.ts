import type { Registry } from 'prom-client'

/** The number of calls that were measured with a method, such as `ping.v1.PingService/Ping`, and a code. */
export async function callCount(registry: Registry, method: string, code: string): Promise<number> {
  const metric = registry.getSingleMetric(method.startsWith('semaphore.') ? 'semaphore_rpc_total' : 'ping_rpc_total')
  const { values } = (await metric?.get()) ?? { values: [] }
  return values.find(({ labels }) => labels['method'] === method && labels['code'] === code)?.value ?? 0
}
