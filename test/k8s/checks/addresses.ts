import { admits } from '../cluster/admits.ts'
import { selects, showLabels, type Labels } from '../cluster/labels.ts'
import { ofKind } from '../cluster/of-kind.ts'
import { operatorMade } from '../cluster/operator-made.ts'
import { podsOf } from '../cluster/pods.ts'
import { containersOf, literalEnv, type PlacedContainer } from '../cluster/workloads.ts'
import type { Rendering } from '../project/project.ts'
import type { Resource } from '../project/read-yaml.ts'
import { perRendering } from './check.ts'

/** A service as those who connect see it: the port at its pods, by its own. */
interface Reached {
  readonly ports: Readonly<Record<number, number>>
  /** Undefined for a service without pods, which the check of selectors reports. */
  readonly pods: Labels | undefined
}

interface Address {
  readonly from: string
  readonly host: string
  readonly port: number
}

export const addresses = perRendering(
  'connect to existing services and ports, as the network policies allow',
  ({ resources }: Rendering) => {
    const services = servicesOf(resources)
    const policies = [...ofKind(resources, 'NetworkPolicy'), ...operatorMade(resources).policies]
    const faultOf = ({ from, host, port }: Address, source: Labels | undefined): readonly string[] => {
      const service = services[host.replace(/\.ping(\.svc.*)?$/, '')]
      if (service === undefined) return [`${from}: got the host ${host}, expected one of ${Object.keys(services).join(', ')}`]
      const podPort = service.ports[port]
      if (podPort === undefined) return [`${from}: got port ${port} of ${host}, expected one of ${Object.keys(service.ports).join(', ')}`]
      const { pods } = service
      if (source === undefined || pods === undefined) return []
      const closed = (['Egress', 'Ingress'] as const).filter(
        direction => !admits(policies, direction, { from: source, to: pods, port: podPort }),
      )
      return closed.map(direction => `${from}: no policy admits the ${direction} from ${showLabels(source)} to port ${podPort} of ${host}`)
    }
    return [
      ...containersOf(resources).flatMap(placed => addressesOf(placed).flatMap(address => faultOf(address, placed.workload.labels))),
      ...scalersOf(resources).flatMap(address => faultOf(address, undefined)),
      ...operatorMade(resources)
        .pods.filter(
          pods => pods.asksApiServer && !admits(policies, 'Egress', { from: pods.labels, to: API_SERVER, port: API_SERVER_PORT }),
        )
        .map(({ title }) => `${title}: no policy admits the Egress to port ${API_SERVER_PORT}, the API server's`),
    ]
  },
)

/** It runs on nodes: no selector of pods finds it. */
const API_SERVER = {}
const API_SERVER_PORT = 6443

function servicesOf(resources: readonly Resource[]): Readonly<Record<string, Reached>> {
  const pods = podsOf(resources)
  const ours = ofKind(resources, 'Service').map(({ metadata, spec }) => {
    const meant = pods.find(({ labels }) => selects({ matchLabels: spec?.selector }, labels))
    const ports = (spec?.ports ?? []).map(({ port, targetPort = port }) => [
      port,
      typeof targetPort === 'number' ? targetPort : (meant?.ports[targetPort] ?? port),
    ])
    return [metadata.name, { ports: Object.fromEntries(ports), pods: meant?.labels }]
  })
  const made = Object.entries(operatorMade(resources).services).map(([name, { ports, pods: labels }]) => [
    name,
    { ports: Object.fromEntries(ports.map(port => [port, port])), pods: labels },
  ])
  return Object.fromEntries([...made, ...ours]) as Readonly<Record<string, Reached>>
}

/** Where a program connects to, by its settings. */
function addressesOf({ where, container }: PlacedContainer): readonly Address[] {
  const env = literalEnv(container)
  const pair = (host: string, port: string, fallback: number): readonly Address[] =>
    env[host] === undefined ? [] : [{ from: `${where}, ${host}`, host: env[host], port: Number(env[port] ?? fallback) }]
  const url = env['PING_ADDRESS'] === undefined ? undefined : URL.parse(env['PING_ADDRESS'])
  return [
    ...pair('DB_HOST', 'DB_PORT', 5432),
    ...pair('REDIS_HOST', 'REDIS_PORT', 6379),
    ...brokers(`${where}, KAFKA_BROKERS`, env['KAFKA_BROKERS']),
    ...(url ? [{ from: `${where}, PING_ADDRESS`, host: url.hostname, port: Number(url.port || 80) }] : []),
  ]
}

/** KEDA is elsewhere: its way in is a policy of the component's own. */
function scalersOf(resources: readonly Resource[]): readonly Address[] {
  return ofKind(resources, 'ScaledObject').flatMap(({ metadata, spec }) =>
    spec.triggers.flatMap(({ metadata: trigger }) => brokers(`ScaledObject ${metadata.name}`, trigger['bootstrapServers'])),
  )
}

function brokers(from: string, list: string | undefined): readonly Address[] {
  return (list?.split(',') ?? []).map(broker => ({ from, host: broker.replace(/:\d+$/, ''), port: Number(broker.split(':')[1]) }))
}
