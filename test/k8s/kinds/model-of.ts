import { join } from 'node:path'

/** Where the type of a kind is, and where its class with the schema, if there is one. */
export interface Model {
  /** The module with the type. */
  readonly types: string
  /** The name of the type. */
  readonly type: string
  /** Exports a class of the kind's name. */
  readonly schema: string | undefined
}

/** The package that has the kinds of a group. */
const PACKAGES: Readonly<Record<string, string>> = {
  '': 'kubernetes-models',
  apps: 'kubernetes-models',
  autoscaling: 'kubernetes-models',
  batch: 'kubernetes-models',
  policy: 'kubernetes-models',
  'networking.k8s.io': 'kubernetes-models',
  'kafka.strimzi.io': '@kubernetes-models/strimzi-kafka-operator',
  'postgresql.cnpg.io': '@kubernetes-models/cloudnative-pg',
  'keda.sh': '@kubernetes-models/keda',
  'monitoring.coreos.com': '@kubernetes-models/prometheus-operator',
  'gateway.networking.k8s.io': '@kubernetes-models/gateway-api',
}

/** Kinds that no package has: their interfaces are next to this file. */
const OURS: Readonly<Record<string, readonly [file: string, type: string]>> = {
  'postgresql.cnpg.io/v1 DatabaseRole': ['database-role.ts', 'IDatabaseRole'],
  'dragonflydb.io/v1alpha1 Dragonfly': ['dragonfly.ts', 'IDragonfly'],
  'barmancloud.cnpg.io/v1 ObjectStore': ['object-store.ts', 'IObjectStore'],
  'kustomize.config.k8s.io/v1beta1 Kustomization': ['kustomization.ts', 'IKustomization'],
  'kustomize.config.k8s.io/v1alpha1 Component': ['kustomization.ts', 'IKustomization'],
  'skaffold/v4beta14 Config': ['skaffold.ts', 'ISkaffold'],
}

/** The values of Strimzi's chart, which have no kind. */
export const STRIMZI_VALUES: Model = { types: join(import.meta.dirname, 'strimzi-values.ts'), type: 'IStrimziValues', schema: undefined }

/** The model of a kind, or undefined if none is known. */
export function modelOf(apiVersion: string, kind: string): Model | undefined {
  const ours = OURS[`${apiVersion} ${kind}`]
  if (ours !== undefined) return { types: join(import.meta.dirname, ours[0]), type: ours[1], schema: undefined }
  const group = apiVersion.includes('/') ? apiVersion.slice(0, apiVersion.indexOf('/')) : ''
  const name = PACKAGES[group]
  const module = `${name}/${apiVersion}/${kind}`
  return name === undefined ? undefined : { types: module, type: `I${kind}`, schema: module }
}
