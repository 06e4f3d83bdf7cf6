import type { Registry } from 'prom-client'

/** The number of calls that were measured with a method, such as `ping.v1.PingService/Ping`, and a code. */
export async function callCount({ metrics }: { readonly metrics: { readonly registry: Registry } }, method: string, code: string) {
  const name = method.includes('/') ? method : `ping.v1.PingService/${method}`
  const { values } = (await metrics.registry.getSingleMetric('ping_rpc_total')?.get()) ?? { values: [] }
  return values.find(({ labels }) => labels['method'] === name && labels['code'] === code)?.value ?? 0
}
