import type { Resource } from '../project/read-yaml.ts'
import type { Labels } from './labels.ts'
import { operatorMade, type MadePods } from './operator-made.ts'
import { workloadsOf, type Workload } from './workloads.ts'

/** Pods alike, ours or an operator's. */
export interface Pods {
  readonly title: string
  readonly labels: Labels
  /** By name. */
  readonly ports: Readonly<Record<string, number>>
  /** What makes them, if they are ours. */
  readonly workload: Workload | undefined
}

/** All pods that there will be. */
export function podsOf(resources: readonly Resource[]): readonly Pods[] {
  const made = operatorMade(resources).pods.map((pods: MadePods) => ({ ...pods, workload: undefined }))
  return [...workloadsOf(resources).map(toPods), ...made]
}

function toPods(workload: Workload): Pods {
  const ports = workload.pod.containers.flatMap(({ ports = [] }) =>
    ports.map(({ name, containerPort }) => [name ?? String(containerPort), containerPort]),
  )
  return { title: workload.title, labels: workload.labels, ports: Object.fromEntries(ports) as Pods['ports'], workload }
}
