import { selects, showLabels, type Labels, type Selector } from '../cluster/labels.ts'
import { ofKind } from '../cluster/of-kind.ts'
import { containersOf, literalEnv } from '../cluster/workloads.ts'
import type { Rendering } from '../project/project.ts'
import type { Resource } from '../project/read-yaml.ts'
import { perRendering } from './check.ts'

const ENDPOINT = 'OTEL_EXPORTER_OTLP_ENDPOINT'

export const receivers = perRendering(
  'send traces only to a namespace and a port that the network policies allow',
  ({ resources }: Rendering) =>
    containersOf(resources).flatMap(({ where, container, workload: { labels } }) => {
      const endpoint = literalEnv(container)[ENDPOINT]
      if (endpoint === undefined || isAllowed(resources, labels, new URL(endpoint))) return []
      return [`${where}, ${ENDPOINT}: no policy admits the Egress from ${showLabels(labels)} to ${endpoint}`]
    }),
)

/** The receiver is not in the manifests, so only its namespace and its port can be compared. */
function isAllowed(resources: readonly Resource[], labels: Labels, { hostname, port }: URL): boolean {
  const [, namespace] = hostname.split('.')
  return ofKind(resources, 'NetworkPolicy').some(({ spec }) => {
    const selector: Selector = spec?.podSelector ?? {}
    const leads = (spec?.egress ?? []).some(
      ({ to = [], ports = [] }) =>
        ports.some(open => open.port === Number(port)) &&
        to.some(peer => peer.namespaceSelector?.matchLabels?.['kubernetes.io/metadata.name'] === namespace),
    )
    return leads && selects(selector, labels)
  })
}
