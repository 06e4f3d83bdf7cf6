import { selects, showLabels, type Selector } from '../cluster/labels.ts'
import { ofKind } from '../cluster/of-kind.ts'
import { containersOf, literalEnv } from '../cluster/workloads.ts'
import type { Rendering } from '../project/project.ts'
import { perRendering } from './check.ts'

const ENDPOINT = 'OTEL_EXPORTER_OTLP_ENDPOINT'

export const receivers = perRendering(
  'send traces only to a namespace and a port that the network policies allow',
  ({ resources }: Rendering) =>
    containersOf(resources).flatMap(({ where, container, workload: { labels } }) => {
      const endpoint = literalEnv(container)[ENDPOINT]
      if (endpoint === undefined) return []
      const { hostname, port } = new URL(endpoint)
      const [, namespace] = hostname.split('.')
      const isAllowed = ofKind(resources, 'NetworkPolicy').some(
        ({ spec }) =>
          selects((spec?.podSelector ?? {}) as Selector, labels) &&
          (spec?.egress ?? []).some(
            ({ to = [], ports = [] }) =>
              ports.some(open => open.port === Number(port)) &&
              to.some(peer => peer.namespaceSelector?.matchLabels?.['kubernetes.io/metadata.name'] === namespace),
          ),
      )
      return isAllowed ? [] : [`${where}, ${ENDPOINT}: no policy admits the Egress from ${showLabels(labels)} to ${endpoint}`]
    }),
)
