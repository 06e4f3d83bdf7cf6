import type { IContainer, IPodSpec, IPodTemplateSpec } from 'kubernetes-models/v1'
import type { Resource } from '../project/read-yaml.ts'
import type { Labels } from './labels.ts'
import { ofKind } from './of-kind.ts'

/** What makes pods of ours. */
export interface Workload {
  /** For messages: kind and name. */
  readonly title: string
  readonly kind: 'Deployment' | 'Job' | 'CronJob'
  readonly name: string
  /** Of its pods. */
  readonly labels: Labels
  readonly pod: IPodSpec
}

/** One container, with what it belongs to. */
export interface PlacedContainer {
  readonly where: string
  readonly workload: Workload
  readonly container: IContainer
  readonly isInit: boolean
}

export function workloadsOf(resources: readonly Resource[]): readonly Workload[] {
  return [
    ...ofKind(resources, 'Deployment').map(({ metadata, spec }) => toWorkload('Deployment', metadata.name, spec?.template)),
    ...ofKind(resources, 'Job').map(({ metadata, spec }) => toWorkload('Job', metadata.name, spec?.template)),
    ...ofKind(resources, 'CronJob').map(({ metadata, spec }) => toWorkload('CronJob', metadata.name, spec?.jobTemplate.spec?.template)),
  ]
}

function toWorkload(kind: Workload['kind'], name: string, template: IPodTemplateSpec | undefined): Workload {
  const { metadata, spec } = template ?? {}
  return { title: `${kind} ${name}`, kind, name, labels: metadata?.labels ?? {}, pod: spec ?? { containers: [] } }
}

export function containersOf(resources: readonly Resource[]): readonly PlacedContainer[] {
  return workloadsOf(resources).flatMap(workload => [
    ...(workload.pod.initContainers ?? []).map(container => place(workload, container, true)),
    ...workload.pod.containers.map(container => place(workload, container, false)),
  ])
}

function place(workload: Workload, container: IContainer, isInit: boolean): PlacedContainer {
  return { where: `${workload.title}, container ${container.name}`, workload, container, isInit }
}

/** The variables that are written out, by name. */
export function literalEnv(container: IContainer): Readonly<Record<string, string>> {
  return Object.fromEntries((container.env ?? []).flatMap(({ name, value }) => (value === undefined ? [] : [[name, value]])))
}
