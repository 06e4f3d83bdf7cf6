import type { IContainer, IPodSpec, IPodTemplateSpec } from 'kubernetes-models/v1'
import type { Resource } from '../project/read-yaml.ts'
import type { Labels } from './labels.ts'
import { ofKind } from './of-kind.ts'

/** What makes pods of ours. */
export interface Workload {
  /** For messages: kind and name. */
  readonly title: string
  readonly kind: 'Deployment' | 'StatefulSet' | 'Job' | 'CronJob'
  readonly name: string
  /** Of its pods. */
  readonly labels: Labels
  readonly pod: IPodSpec
  /** How many of them there are, unless an autoscaler decides. */
  readonly replicas: number
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
    ...ofKind(resources, 'Deployment').map(({ metadata, spec }) => toWorkload('Deployment', metadata.name, spec?.template, spec?.replicas)),
    ...ofKind(resources, 'StatefulSet').map(({ metadata, spec }) =>
      toWorkload('StatefulSet', metadata.name, spec?.template, spec?.replicas),
    ),
    ...ofKind(resources, 'Job').map(({ metadata, spec }) => toWorkload('Job', metadata.name, spec?.template)),
    ...ofKind(resources, 'CronJob').map(({ metadata, spec }) => toWorkload('CronJob', metadata.name, spec?.jobTemplate.spec?.template)),
  ]
}

function toWorkload(kind: Workload['kind'], name: string, template: IPodTemplateSpec | undefined, replicas = 1): Workload {
  const { metadata, spec } = template ?? {}
  return { title: `${kind} ${name}`, kind, name, labels: metadata?.labels ?? {}, pod: spec ?? { containers: [] }, replicas }
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

/** True for a container that runs until it is stopped. */
export function isLongRunning({ isInit, workload: { kind } }: PlacedContainer): boolean {
  return !isInit && (kind === 'Deployment' || kind === 'StatefulSet')
}

/** The variables that are written out, by name. */
export function literalEnv(container: IContainer): Readonly<Record<string, string>> {
  return Object.fromEntries((container.env ?? []).flatMap(({ name, value }) => (value === undefined ? [] : [[name, value]])))
}
