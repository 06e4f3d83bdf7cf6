import type {
  IContainer,
  IPersistentVolumeClaimSpec,
  IPod,
  IPodSecurityContext,
  IResourceRequirements,
  ISecretKeySelector,
  ITopologySpreadConstraint,
} from 'kubernetes-models/v1'

/** What we use of the cache's resource: no package has its type. From the definition of operator 1.6.1. */
export interface IDragonfly {
  readonly apiVersion: 'dragonflydb.io/v1alpha1'
  readonly kind: 'Dragonfly'
  readonly metadata: NonNullable<IPod['metadata']>
  readonly spec: {
    readonly replicas: number
    readonly image: string
    readonly imagePullPolicy: 'IfNotPresent'
    readonly args: readonly string[]
    readonly resources: IResourceRequirements
    readonly authentication: { readonly passwordFromSecret: ISecretKeySelector }
    readonly podSecurityContext: IPodSecurityContext
    readonly containerSecurityContext: NonNullable<IContainer['securityContext']>
    readonly snapshot?: { readonly cron: string; readonly persistentVolumeClaimSpec: IPersistentVolumeClaimSpec }
    readonly topologySpreadConstraints?: readonly ITopologySpreadConstraint[]
  }
}
