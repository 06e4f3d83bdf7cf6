import type { IResourceRequirements } from 'kubernetes-models/v1'
import { ofKind } from '../cluster/of-kind.ts'
import { containersOf } from '../cluster/workloads.ts'
import type { Rendering } from '../project/project.ts'
import { isObject, type Json, type Resource } from '../project/read-yaml.ts'
import { perRendering } from './check.ts'

/** As Kubernetes reads amounts: a number, with a suffix of thousands or of 1024s. */
const QUANTITY = /^\d+(\.\d+)?(m|[kMGTPE]|[KMGTPE]i)?$/
/** Fields of custom resources that hold amounts and are plain texts to the API server. */
const AMOUNTS: ReadonlySet<string> = new Set(['size', 'sizeLimit', 'storage', 'cpu', 'memory', 'ephemeral-storage'])

export const resources = perRendering('set requests and limits, in well-formed amounts', ({ resources: all }: Rendering) => [
  ...all.flatMap(resource =>
    amountsOf(resource)
      .filter(([, amount]) => !QUANTITY.test(amount))
      .map(([path, amount]) => misread(resource, path, amount)),
  ),
  ...containersOf(all).flatMap(({ where, container }) => ofContainer(where, container.resources ?? {})),
  ...ofKind(all, 'Cluster').flatMap(({ metadata, spec }) => ofContainer(`Cluster ${metadata.name}`, spec.resources ?? {})),
  ...ofKind(all, 'KafkaNodePool').flatMap(({ metadata, spec }) =>
    ofContainer(`KafkaNodePool ${metadata.name}`, (spec?.resources ?? {}) as IResourceRequirements),
  ),
  ...ofKind(all, 'Dragonfly').flatMap(({ metadata, spec }) => ofContainer(`Dragonfly ${metadata.name}`, spec.resources ?? {})),
])

function misread({ kind, metadata }: Resource, path: string, amount: string): string {
  return `${kind} ${metadata.name}, ${path}: got ${amount}, expected an amount such as 500m, 2 or 1Gi`
}

function amountsOf(value: unknown, path = ''): readonly (readonly [path: string, amount: string])[] {
  if (Array.isArray(value)) return value.flatMap((item, index) => amountsOf(item, `${path}/${index}`))
  if (!isObject(value)) return []
  return Object.entries(value).flatMap(([name, inner]: [string, Json]) =>
    AMOUNTS.has(name) && (typeof inner === 'string' || typeof inner === 'number')
      ? [[`${path}/${name}`, String(inner)] as const]
      : amountsOf(inner, `${path}/${name}`),
  )
}

/** All the memory that a part may take is kept for it: one that takes more than was asked for is the first to be killed. */
function ofContainer(where: string, { requests, limits }: IResourceRequirements): readonly string[] {
  return [
    ...(requests?.['cpu'] === undefined || requests['memory'] === undefined
      ? [`${where}: got requests ${JSON.stringify(requests)}, expected cpu and memory`]
      : []),
    ...(limits?.['memory'] !== undefined && limits['memory'] === requests?.['memory']
      ? []
      : [`${where}: got the memory limit ${limits?.['memory']}, expected what it requests, ${requests?.['memory']}`]),
  ]
}
