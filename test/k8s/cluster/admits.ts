import type { INetworkPolicy } from 'kubernetes-models/networking.k8s.io/v1'
import { selects, type Labels, type Selector } from './labels.ts'

/** One connection within the namespace. */
export interface Way {
  readonly from: Labels
  readonly to: Labels
  readonly port: number
}

type Direction = 'Ingress' | 'Egress'

/** True if the network policies let the connection through in that direction. Pods that no policy selects may make every connection. */
export function admits(policies: readonly INetworkPolicy[], direction: Direction, way: Way): boolean {
  const [own, other] = direction === 'Ingress' ? [way.to, way.from] : [way.from, way.to]
  const applied = policies.filter(
    ({ spec }) => spec?.policyTypes?.includes(direction) && selects((spec.podSelector ?? {}) as Selector, own),
  )
  if (applied.length === 0) return true
  const rules = applied.flatMap(({ spec }) =>
    direction === 'Ingress'
      ? (spec?.ingress ?? []).map(({ from, ports }) => ({ peers: from, ports }))
      : (spec?.egress ?? []).map(({ to, ports }) => ({ peers: to, ports })),
  )
  return rules.some(({ peers, ports }) => {
    const isPeer = peers === undefined || peers.some(peer => peer.namespaceSelector === undefined && selects(peer.podSelector ?? {}, other))
    return isPeer && (ports === undefined || ports.some(({ port, protocol = 'TCP' }) => port === way.port && protocol === 'TCP'))
  })
}
