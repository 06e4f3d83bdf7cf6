import { selects, showLabels, type Selector } from '../cluster/labels.ts'
import { ofKind } from '../cluster/of-kind.ts'
import { podsOf, type Pods } from '../cluster/pods.ts'
import { workloadsOf } from '../cluster/workloads.ts'
import type { Rendering } from '../project/project.ts'
import type { Resource } from '../project/read-yaml.ts'
import { perRendering } from './check.ts'

/** A selector, with how many kinds of pods it should mean. */
interface Placed {
  readonly from: string
  readonly selector: Selector
  /** One: those of one workload and no other. */
  readonly means: 'one' | 'some'
}

export const selectors = perRendering('select pods that there are, and none of another workload', ({ resources }: Rendering) => {
  const pods = podsOf(resources)
  return [...selectorsOf(resources).flatMap(placed => faultOf(placed, pods)), ...spreadsOf(resources)]
})

function faultOf({ from, selector, means }: Placed, pods: readonly Pods[]): readonly string[] {
  const meant = pods.filter(({ labels }) => selects(selector, labels))
  if (meant.length === 0) return [`${from}: got the selector ${showLabels(selector.matchLabels)}, expected one that pods match`]
  if (means === 'some' || meant.length === 1) return []
  return [`${from}: got a selector for ${meant.map(({ title }) => title).join(' and ')}, expected one of them`]
}

function selectorsOf(resources: readonly Resource[]): readonly Placed[] {
  const one = [
    ...ofKind(resources, 'Deployment').map(({ metadata, spec }) => ({ from: `Deployment ${metadata.name}`, selector: spec?.selector })),
    ...ofKind(resources, 'StatefulSet').map(({ metadata, spec }) => ({ from: `StatefulSet ${metadata.name}`, selector: spec?.selector })),
    ...ofKind(resources, 'Service').map(({ metadata, spec }) => ({
      from: `Service ${metadata.name}`,
      selector: { matchLabels: spec?.selector },
    })),
    ...ofKind(resources, 'PodDisruptionBudget').map(({ metadata, spec }) => ({
      from: `PodDisruptionBudget ${metadata.name}`,
      selector: spec?.selector,
    })),
    ...ofKind(resources, 'PodMonitor').map(({ metadata, spec }) => ({ from: `PodMonitor ${metadata.name}`, selector: spec.selector })),
  ]
  const some = ofKind(resources, 'NetworkPolicy').flatMap(({ metadata, spec }) => {
    const from = `NetworkPolicy ${metadata.name}`
    const peers = [...(spec?.ingress ?? []).flatMap(rule => rule.from ?? []), ...(spec?.egress ?? []).flatMap(rule => rule.to ?? [])]
    const ours = peers
      .filter(({ namespaceSelector }) => namespaceSelector === undefined)
      .map(({ podSelector }) => ({ from, selector: podSelector }))
    return [{ from, selector: spec?.podSelector }, ...ours]
  })
  return [
    ...one.map(({ from, selector }) => ({ from, selector: selector ?? {}, means: 'one' as const })),
    ...some.map(({ from, selector }) => ({ from, selector: selector ?? {}, means: 'some' as const })),
  ]
}

/** Pods are spread among pods of the same kind: by their own labels. */
function spreadsOf(resources: readonly Resource[]): readonly string[] {
  return workloadsOf(resources).flatMap(({ title, labels, pod }) =>
    (pod.topologySpreadConstraints ?? [])
      .filter(({ labelSelector }) => !selects(labelSelector ?? {}, labels))
      .map(
        ({ topologyKey, labelSelector }) =>
          `${title}, spread by ${topologyKey}: got ${showLabels(labelSelector?.matchLabels)}, expected labels of its own pods`,
      ),
  )
}
