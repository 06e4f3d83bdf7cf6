import { ofKind } from '../cluster/of-kind.ts'
import { containersOf, workloadsOf, type PlacedContainer, type Workload } from '../cluster/workloads.ts'
import type { Resource } from '../project/read-yaml.ts'

/** One resource that names another. */
export interface Reference {
  readonly from: string
  readonly kind: string
  readonly name: string
  /** The key within it, if one is named. */
  readonly key?: string | undefined
}

/** Every name of another resource. Services are named by addresses: see the check of these. */
export function referencesOf(resources: readonly Resource[]): readonly Reference[] {
  return [
    ...containersOf(resources).flatMap(ofContainer),
    ...workloadsOf(resources).flatMap(ofPod),
    ...ofStrimzi(resources),
    ...ofData(resources),
    ...ofAutoscalers(resources),
    ...ofGateway(resources),
  ]
}

function ofContainer({ where, container }: PlacedContainer): readonly Reference[] {
  const ofVariables = (container.env ?? []).flatMap(({ name, valueFrom }) => {
    const { secretKeyRef: secret, configMapKeyRef: configMap } = valueFrom ?? {}
    const from = `${where}, ${name}`
    return [
      ...(secret ? [{ from, kind: 'Secret', name: secret.name ?? '', key: secret.key }] : []),
      ...(configMap ? [{ from, kind: 'ConfigMap', name: configMap.name ?? '', key: configMap.key }] : []),
    ]
  })
  const whole = (container.envFrom ?? []).flatMap(({ secretRef, configMapRef }) => [
    ...(secretRef ? [{ from: where, kind: 'Secret', name: secretRef.name ?? '' }] : []),
    ...(configMapRef ? [{ from: where, kind: 'ConfigMap', name: configMapRef.name ?? '' }] : []),
  ])
  return [...ofVariables, ...whole]
}

function ofPod({ title, pod }: Workload): readonly Reference[] {
  const ofVolumes = (pod.volumes ?? []).flatMap(({ name: volume, secret, configMap, persistentVolumeClaim: claim }) => {
    const from = `${title}, volume ${volume}`
    const keys = (items: readonly { key: string }[] | undefined) => (items ?? [{ key: undefined }]).map(({ key }) => key)
    return [
      ...(secret ? keys(secret.items).map(key => ({ from, kind: 'Secret', name: secret.secretName ?? '', key })) : []),
      ...(configMap ? keys(configMap.items).map(key => ({ from, kind: 'ConfigMap', name: configMap.name ?? '', key })) : []),
      ...(claim ? [{ from, kind: 'PersistentVolumeClaim', name: claim.claimName }] : []),
    ]
  })
  const { serviceAccountName: account } = pod
  return account === undefined ? ofVolumes : [...ofVolumes, { from: title, kind: 'ServiceAccount', name: account }]
}

function ofStrimzi(resources: readonly Resource[]): readonly Reference[] {
  return (['KafkaNodePool', 'KafkaTopic', 'KafkaUser'] as const).flatMap(kind =>
    ofKind(resources, kind).map(({ metadata: { name, labels } }) => ({
      from: `${kind} ${name}, label strimzi.io/cluster`,
      kind: 'Kafka',
      name: labels?.['strimzi.io/cluster'] ?? 'undefined',
    })),
  )
}

function ofData(resources: readonly Resource[]): readonly Reference[] {
  const caches = ofKind(resources, 'Dragonfly').map(({ metadata, spec }) => {
    const { name = '', key } = spec.authentication.passwordFromSecret
    return { from: `Dragonfly ${metadata.name}`, kind: 'Secret', name, key }
  })
  const backups = ofKind(resources, 'ScheduledBackup').map(({ metadata, spec }) => ({
    from: `ScheduledBackup ${metadata.name}`,
    kind: 'Cluster',
    name: spec.cluster.name,
  }))
  const archives = ofKind(resources, 'Cluster').flatMap(({ metadata, spec }) =>
    (spec.plugins ?? []).map(({ parameters }) => ({
      from: `Cluster ${metadata.name}`,
      kind: 'ObjectStore',
      name: String(parameters?.['barmanObjectName']),
    })),
  )
  const stores = ofKind(resources, 'ObjectStore').flatMap(({ metadata, spec }) =>
    Object.values(spec.configuration.s3Credentials).map(({ name = '', key }) => ({
      from: `ObjectStore ${metadata.name}`,
      kind: 'Secret',
      name,
      key,
    })),
  )
  return [...caches, ...backups, ...archives, ...stores, ...ofDatabases(resources)]
}

function ofDatabases(resources: readonly Resource[]): readonly Reference[] {
  const roles = ofKind(resources, 'DatabaseRole').flatMap(({ metadata, spec }) => {
    const from = `DatabaseRole ${metadata.name}`
    const keys = ['username', 'password'].map(key => ({ from, kind: 'Secret', name: spec.passwordSecret.name, key }))
    return [{ from, kind: 'Cluster', name: spec.cluster.name }, ...keys]
  })
  const databases = ofKind(resources, 'Database').map(({ metadata, spec }) => ({
    from: `Database ${metadata.name}`,
    kind: 'Cluster',
    name: spec.cluster.name ?? '',
  }))
  return [...roles, ...databases]
}

function ofAutoscalers(resources: readonly Resource[]): readonly Reference[] {
  const byCpu = ofKind(resources, 'HorizontalPodAutoscaler').map(({ metadata, spec }) => ({
    from: `HorizontalPodAutoscaler ${metadata.name}`,
    kind: spec?.scaleTargetRef.kind ?? '',
    name: spec?.scaleTargetRef.name ?? '',
  }))
  const byLag = ofKind(resources, 'ScaledObject').flatMap(({ metadata, spec }) => {
    const from = `ScaledObject ${metadata.name}`
    const logins = spec.triggers.map(({ authenticationRef }) => ({
      from,
      kind: 'TriggerAuthentication',
      name: authenticationRef?.name ?? 'undefined',
    }))
    return [{ from, kind: spec.scaleTargetRef.kind ?? 'Deployment', name: spec.scaleTargetRef.name }, ...logins]
  })
  const logins = ofKind(resources, 'TriggerAuthentication').flatMap(({ metadata, spec }) => {
    const from = `TriggerAuthentication ${metadata.name}`
    const secrets = (spec.secretTargetRef ?? []).map(({ name, key }) => ({ from, kind: 'Secret', name, key }))
    return [...secrets, ...(spec.configMapTargetRef ?? []).map(({ name, key }) => ({ from, kind: 'ConfigMap', name, key }))]
  })
  return [...byCpu, ...byLag, ...logins]
}

function ofGateway(resources: readonly Resource[]): readonly Reference[] {
  const certificates = ofKind(resources, 'Gateway').flatMap(({ metadata, spec }) =>
    spec.listeners
      .flatMap(({ tls }) => tls?.certificateRefs ?? [])
      .map(({ name }) => ({ from: `Gateway ${metadata.name}`, kind: 'Secret', name })),
  )
  const parents = (['HTTPRoute', 'GRPCRoute'] as const).flatMap(kind =>
    ofKind(resources, kind).flatMap(({ metadata, spec }) =>
      (spec.parentRefs ?? []).map(({ name }) => ({ from: `${kind} ${metadata.name}`, kind: 'Gateway', name })),
    ),
  )
  return [...certificates, ...parents]
}
