import type { INetworkPolicy } from 'kubernetes-models/networking.k8s.io/v1'
import type { Resource } from '../project/read-yaml.ts'
import type { Labels } from './labels.ts'
import { ofKind } from './of-kind.ts'

/** Pods that an operator makes. */
export interface MadePods {
  readonly title: string
  readonly labels: Labels
  /** By name. */
  readonly ports: Readonly<Record<string, number>>
  /** They ask the API server: for certificates, or for what they are to do. */
  readonly asksApiServer: boolean
}

/** What is in the cluster beside our own resources: an operator creates it from them, or a person by hand. */
export interface Made {
  /** The keys of each, by name. */
  readonly secrets: Readonly<Record<string, readonly string[]>>
  readonly services: Readonly<Record<string, { readonly ports: readonly number[]; readonly pods: Labels }>>
  readonly pods: readonly MadePods[]
  readonly policies: readonly INetworkPolicy[]
}

/** Secrets that no operator creates, and that are not in git because they belong to an installation. */
const BY_HAND: Made['secrets'] = {
  'ping-cache-password': ['password'], // k8s/infra/create-cache-password.sh
  'semaphore-postgres': ['username', 'password'], // k8s/components/semaphore/create-password.sh
  'ping-backup': ['ACCESS_KEY_ID', 'ACCESS_SECRET_KEY'], // of the owner of the bucket, see components/backup
  'ping-gateway-tls': ['tls.crt', 'tls.key'], // of the owner of the name, or cert-manager's
}

export function operatorMade(resources: readonly Resource[]): Made {
  const parts = [...ofKind(resources, 'Cluster').map(ofPostgres), ...ofKafka(resources), ...ofKind(resources, 'Dragonfly').map(ofCache)]
  return {
    secrets: Object.assign({ ...BY_HAND }, ...parts.map(({ secrets }) => secrets)) as Made['secrets'],
    services: Object.assign({}, ...parts.map(({ services }) => services)) as Made['services'],
    pods: parts.flatMap(({ pods }) => pods),
    policies: parts.flatMap(({ policies }) => policies),
  }
}

/** CloudNativePG: if no secret is named for the owner, it creates one. */
function ofPostgres({ metadata: { name }, spec }: ReturnType<typeof ofKind<'Cluster'>>[number]): Made {
  const pods = { 'cnpg.io/cluster': name }
  const ownSecret = spec.bootstrap?.initdb?.secret === undefined
  return {
    secrets: {
      ...(ownSecret && {
        [`${name}-app`]: ['username', 'user', 'password', 'dbname', 'host', 'port', 'uri', 'fqdn-uri', 'jdbc-uri', 'pgpass'],
      }),
      [`${name}-ca`]: ['ca.crt', 'ca.key'],
    },
    services: Object.fromEntries(['rw', 'ro', 'r'].map(way => [`${name}-${way}`, { ports: [5432], pods }])),
    pods: [
      {
        title: `pods of Postgres ${name}`,
        labels: { ...pods, 'cnpg.io/podRole': 'instance' },
        ports: { postgresql: 5432, status: 8000, metrics: 9187 },
        asksApiServer: true,
      },
    ],
    policies: [],
  }
}

/** Strimzi: a secret of each user's name, and a policy for each listener. */
function ofKafka(resources: readonly Resource[]): readonly Made[] {
  const users = ofKind(resources, 'KafkaUser').map(({ metadata }) => [metadata.name, ['password', 'sasl.jaas.config']] as const)
  return ofKind(resources, 'Kafka').map(({ metadata: { name }, spec }) => {
    const labels = { 'strimzi.io/cluster': name, 'strimzi.io/kind': 'Kafka', 'strimzi.io/name': `${name}-kafka` }
    const listeners = spec?.kafka.listeners ?? []
    const ports = Object.fromEntries(listeners.map(listener => [`tcp-${listener.name}`, listener.port]))
    const metrics = spec?.kafka.metricsConfig === undefined ? {} : { 'tcp-prometheus': 9404 }
    return {
      secrets: { ...Object.fromEntries(users), [`${name}-cluster-ca-cert`]: ['ca.crt', 'ca.p12', 'ca.password'] },
      services: { [`${name}-kafka-bootstrap`]: { ports: listeners.map(({ port }) => port), pods: { 'strimzi.io/name': `${name}-kafka` } } },
      pods: [
        {
          title: `pods of Kafka ${name}`,
          labels,
          ports: { 'tcp-ctrlplane': 9090, 'tcp-replication': 9091, ...ports, ...metrics },
          asksApiServer: true,
        },
        {
          title: `entity operator of Kafka ${name}`,
          labels: { 'strimzi.io/name': `${name}-entity-operator` },
          ports: {},
          asksApiServer: true,
        },
      ],
      policies: listeners.map(({ port, networkPolicyPeers }) => ({
        apiVersion: 'networking.k8s.io/v1',
        kind: 'NetworkPolicy',
        metadata: { name: `${name}-network-policy-kafka` },
        spec: {
          podSelector: { matchLabels: { 'strimzi.io/name': `${name}-kafka` } },
          policyTypes: ['Ingress'],
          ingress: [{ ports: [{ protocol: 'TCP', port }], ...(networkPolicyPeers && { from: networkPolicyPeers }) }],
        },
      })) as readonly INetworkPolicy[],
    }
  })
}

/** Dragonfly's operator: a service of the resource's own name. */
function ofCache({ metadata: { name } }: ReturnType<typeof ofKind<'Dragonfly'>>[number]): Made {
  const labels = { app: name, 'app.kubernetes.io/name': 'dragonfly' }
  return {
    secrets: {},
    services: { [name]: { ports: [6379], pods: labels } },
    pods: [{ title: `pods of the cache ${name}`, labels, ports: { redis: 6379, admin: 9999 }, asksApiServer: false }],
    policies: [],
  }
}
