import { textOf, type ProjectFiles } from './project/project-files.ts'
import type { CHECKS } from './checks/checks.ts'

/** A mistake as people make them: a text of a file replaced by another. */
export interface Mistake {
  readonly title: string
  readonly file: string
  readonly text: string
  readonly by: string
  /** The check that finds it; no other does. */
  readonly check: keyof typeof CHECKS
  /** What it says, a part of it. */
  readonly says: string
}

const SERVER = 'k8s/app/server.yaml'
const PROCESSOR = 'k8s/app/processor.yaml'
const USERS = 'k8s/infra/kafka-users.yaml'

export const MISTAKES: readonly Mistake[] = [
  { title: 'a misspelt field', file: SERVER, text: 'failureThreshold:', by: 'failureTreshold:', check: 'typed', says: '"failureTreshold"' },
  { title: 'a field that Kafka has no longer', file: 'k8s/infra/kafka.yaml', text: '    version: 4.3.1', by: '    replicas: 1\n    version: 4.3.1', check: 'typed', says: '"replicas"' },
  { title: 'a field that the cache does not have', file: 'k8s/infra/cache.yaml', text: 'imagePullPolicy:', by: 'pullPolicy:', check: 'typed', says: 'pullPolicy' },
  { title: 'a misspelt field of skaffold', file: 'k8s/app/skaffold.yaml', text: 'localPort', by: 'localport', check: 'typed', says: 'localport' },
  { title: 'a misspelt field of kustomize', file: 'k8s/app/kustomization.yaml', text: 'namespace: ping', by: 'namespace: ping\nnameprefix: x', check: 'typed', says: 'nameprefix' },
  { title: 'more partitions than a number can be', file: 'k8s/infra/kafka-topics.yaml', text: 'partitions: 1\n', by: 'partitions: 0\n', check: 'validated', says: 'must be >= 1' },
  { title: 'an amount of Postgres that is none', file: 'k8s/infra/postgres.yaml', text: 'size: 2Gi', by: 'size: 1Gigs', check: 'resources', says: 'Cluster pg-cluster, /spec/storage/size: got 1Gigs' },
  { title: 'memory that is not kept for a container', file: PROCESSOR, text: 'limits: { memory: 256Mi }', by: 'limits: { memory: 512Mi }', check: 'resources', says: 'got the memory limit 512Mi' },
  { title: 'a secret that nobody makes', file: SERVER, text: 'secretKeyRef: { name: ping-cache-password,', by: 'secretKeyRef: { name: ping-cache-passwd,', check: 'references', says: 'got Secret ping-cache-passwd' },
  { title: 'a key that a secret does not have', file: SERVER, text: 'key: dbname', by: 'key: database', check: 'references', says: 'got key database of Secret pg-cluster-app' },
  { title: 'a topic of another cluster', file: 'k8s/components/keda/kafka-user.yaml', text: 'strimzi.io/cluster: ping-kafka-cluster', by: 'strimzi.io/cluster: ping-kafka', check: 'references', says: 'got Kafka ping-kafka,' },
  { title: 'a script that waits for nothing', file: 'k8s/infra/wait-until-ready.sh', text: 'kafkauser/ping-server', by: 'kafkauser/server', check: 'references', says: 'got KafkaUser server' },
  { title: 'an account that is not there', file: PROCESSOR, text: 'serviceAccountName: ping-processor', by: 'serviceAccountName: processor', check: 'references', says: 'got ServiceAccount processor' },
  { title: 'a service that selects nothing', file: 'k8s/app/server-service.yaml', text: 'selector:\n    app.kubernetes.io/name: server', by: 'selector:\n    app.kubernetes.io/name: ping-server', check: 'selectors', says: 'Service server: got the selector' },
  { title: 'a budget for everything', file: 'k8s/app/disruption-budgets.yaml', text: 'matchLabels:\n      app.kubernetes.io/name: ping-processor\n', by: 'matchLabels:\n', check: 'selectors', says: 'PodDisruptionBudget ping-processor: got a selector for' },
  { title: 'a monitor of no pods', file: 'k8s/components/monitoring/pod-monitors.yaml', text: 'cnpg.io/cluster: pg-cluster,', by: 'cnpg.io/cluster: postgres,', check: 'selectors', says: 'PodMonitor pg-cluster' },
  { title: 'a probe at a port that is not there', file: SERVER, text: '/readyz, port: http', by: '/readyz, port: web', check: 'ports', says: 'readinessProbe: got port web' },
  { title: 'a setting of another port', file: PROCESSOR, text: 'PROCESSOR_PORT, value: "8081"', by: 'PROCESSOR_PORT, value: "8082"', check: 'ports', says: 'got PROCESSOR_PORT 8082' },
  { title: 'a port forwarded from nowhere', file: 'k8s/app/skaffold.yaml', text: 'port: 8080', by: 'port: 8081', check: 'ports', says: 'forwards port 8081' },
  { title: 'gRPC at a port for HTTP/1', file: 'k8s/components/gateway/routes.yaml', text: 'port: 9090', by: 'port: 8080', check: 'ports', says: 'expected kubernetes.io/h2c' },
  { title: 'a host that is not there', file: PROCESSOR, text: 'value: pg-cluster-rw', by: 'value: postgres', check: 'addresses', says: 'got the host postgres' },
  { title: 'the listener without TLS, which is none', file: SERVER, text: 'bootstrap:9093', by: 'bootstrap:9092', check: 'addresses', says: 'got port 9092' },
  { title: 'a pod without the label that lets it out', file: PROCESSOR, text: 'ping/cache-client: "true"', by: 'ping/cache: "true"', check: 'addresses', says: 'no policy admits the Egress' },
  { title: 'Kafka kept from the API server', file: 'k8s/infra/network/kafka.yaml', text: '{ protocol: TCP, port: 6443 }', by: '{ protocol: TCP, port: 6444 }', check: 'addresses', says: "the API server's" },
  { title: 'a listener for others', file: 'k8s/infra/kafka.yaml', text: 'ping/kafka-client: "true"', by: 'kafka-client: "true"', check: 'addresses', says: 'no policy admits the Ingress' },
  { title: 'a target that the Dockerfile does not have', file: 'k8s/app/skaffold.yaml', text: 'target: verify', by: 'target: verifier', check: 'images', says: 'got the target verifier' },
  { title: 'an image that moves', file: 'k8s/infra/cache.yaml', text: 'dragonfly:v1.39.0', by: 'dragonfly:latest', check: 'images', says: 'expected one with a tag that does not move' },
  { title: 'an image of another program', file: PROCESSOR, text: 'image: ping-processor', by: 'image: ping-server', check: 'images', says: 'runs processor/main.ts of the image ping-server' },
  { title: 'a chart of no version', file: 'k8s/operators/skaffold.yaml', text: 'version: 0.29.0', by: 'version: ">0.29"', check: 'operators', says: 'chart cnpg: got version >0.29' },
  { title: 'Kafka that gets no pod', file: 'k8s/operators/strimzi-values.yaml', text: 'value: restricted', by: 'value: baseline', check: 'operators', says: 'Kafka would get no pod' },
  { title: 'root', file: SERVER, text: 'runAsUser: 1000', by: 'runAsUser: 0', check: 'podSecurity', says: 'Deployment server: got runAsUser 0' },
  { title: 'a cache that gets no pod', file: 'k8s/infra/cache.yaml', text: 'capabilities: { drop: [ALL] }', by: 'privileged: false', check: 'podSecurity', says: 'Dragonfly ping-cache: drops the capabilities undefined' },
  { title: 'a root file system to write to', file: PROCESSOR, text: 'readOnlyRootFilesystem: true', by: 'readOnlyRootFilesystem: false', check: 'podSecurity', says: 'got a root file system to write to' },
  { title: 'liveness that depends on others', file: SERVER, text: 'livenessProbe:\n            httpGet: { path: /livez', by: 'livenessProbe:\n            httpGet: { path: /readyz', check: 'probes', says: 'got a livenessProbe at /readyz' },
  { title: 'less time than the drain takes', file: SERVER, text: 'terminationGracePeriodSeconds: 45', by: 'terminationGracePeriodSeconds: 30', check: 'termination', says: 'expected more than preStop 5 s and a stop of 35 s' },
  { title: 'a longer drain than there is time', file: SERVER, text: 'DRAIN_MS, value: "15000"', by: 'DRAIN_MS, value: "60000"', check: 'termination', says: 'a stop of 80 s' },
  { title: 'a setting that there is not', file: SERVER, text: 'name: DRAIN_MS', by: 'name: DRAIN_MILLIS', check: 'settings', says: 'passes DRAIN_MILLIS, which src/server/main.ts does not read' },
  { title: 'a setting that is missing', file: PROCESSOR, text: '            - { name: REDIS_HOST, value: ping-cache }\n', by: '', check: 'settings', says: 'does not pass REDIS_HOST' },
  { title: 'a value that a program refuses', file: PROCESSOR, text: 'KAFKA_TLS, value: "true"', by: 'KAFKA_TLS, value: "yes"', check: 'settings', says: 'KAFKA_TLS: got "yes", expected true or false' },
  { title: 'a CA that is not mounted', file: SERVER, text: 'DB_CA_FILE, value: /etc/ping/postgres/ca.crt', by: 'DB_CA_FILE, value: /etc/ping/ca.crt', check: 'settings', says: 'got DB_CA_FILE /etc/ping/ca.crt' },
  { title: 'a right that is missing', file: USERS, text: 'name: ping-events, patternType: literal }\n        operations: [Describe, Write]', by: 'name: ping-events, patternType: literal }\n        operations: [Describe]', check: 'kafkaAccess', says: 'lacks topic ping-events: Write' },
  { title: 'a right too many', file: USERS, text: 'operations: [Describe, Read]', by: 'operations: [Describe, Read, Delete]', check: 'kafkaAccess', says: 'has topic ping-events: Delete' },
  { title: 'another group than the right is for', file: PROCESSOR, text: 'KAFKA_GROUP, value: ping-processor', by: 'KAFKA_GROUP, value: processors', check: 'kafkaAccess', says: 'lacks group processors: Read' },
  { title: 'more processors than partitions', file: 'k8s/components/keda/scaler.yaml', text: 'maxReplicaCount: 8', by: 'maxReplicaCount: 12', check: 'partitions', says: 'up to 12 replicas' },
  { title: 'partitions that do not divide the lanes', file: 'k8s/infra/kafka-topics.yaml', text: 'partitions: 4', by: 'partitions: 6', check: 'partitions', says: 'got 6 partitions' },
  { title: 'two numbers of lanes', file: SERVER, text: 'LANES, value: "16"', by: 'LANES, value: "32"', check: 'partitions', says: 'expected that of the others, 32' },
  { title: 'replicas next to an autoscaler', file: 'k8s/overlays/prod/server.yaml', text: 'spec:\n', by: 'spec:\n  replicas: 2\n', check: 'partitions', says: 'expected none next to an autoscaler' },
  { title: 'more replicas than brokers', file: 'k8s/infra/kafka-topics.yaml', text: 'replicas: 1', by: 'replicas: 3', check: 'partitions', says: 'for 1 brokers' },
  { title: 'a password in git', file: SERVER, text: 'valueFrom: { secretKeyRef: { name: ping-cache-password, key: password } }', by: 'value: hunter2', check: 'secrets', says: 'got REDIS_PASSWORD written out' },
  { title: 'a Secret in git', file: 'k8s/app/server-service.yaml', text: 'apiVersion: v1\n', by: 'apiVersion: v1\nkind: Secret\nmetadata: { name: s }\nstringData: { password: hunter2 }\n---\napiVersion: v1\n', check: 'secrets', says: 'got a Secret' },
  { title: 'a path that is not there', file: 'k8s/infra/skaffold.yaml', text: 'wait-until-ready.sh', by: 'wait.sh', check: 'paths', says: 'got the path k8s/infra/wait.sh' },
  { title: 'a file that nobody deploys', file: 'k8s/app/kustomization.yaml', text: '  - disruption-budgets.yaml\n', by: '', check: 'paths', says: 'k8s/app/disruption-budgets.yaml: is named by no' },
  { title: 'a metric that no program has', file: 'k8s/components/monitoring/alerts.yaml', text: 'ping_rpc_seconds_bucket{', by: 'ping_call_seconds_bucket{', check: 'metrics', says: 'got the metric ping_call_seconds_bucket' },
  { title: 'a label that a metric does not have', file: 'k8s/components/monitoring/alerts.yaml', text: 'verdict=~', by: 'outcome=~', check: 'metrics', says: 'got the label outcome' },
  { title: 'a panel of a metric that no program has', file: 'k8s/components/monitoring/dashboard.json', text: 'ping_batch_seconds_bucket', by: 'ping_batches_seconds_bucket', check: 'metrics', says: 'got the metric ping_batches_seconds_bucket' },
  { title: 'an alert that nobody knows what to do about', file: 'docs/operations.md', text: '### PingRelayLag', by: '### Relay lag', check: 'runbook', says: 'alert PingRelayLag: got no entry' },
]

/** Mistakes after which the files cannot be put together at all. */
export const BREAKS: readonly Omit<Mistake, 'check'>[] = [
  { title: 'what is no YAML', file: SERVER, text: 'spec:', by: 'spec: {', says: 'k8s/app/server.yaml: ' },
  { title: 'a field given twice', file: 'k8s/infra/cache.yaml', text: '  replicas: 1', by: '  replicas: 1\n  replicas: 2', says: 'Map keys must be unique' },
  { title: 'a resource that is not there', file: 'k8s/app/kustomization.yaml', text: 'server.yaml', by: 'servers.yaml', says: 'k8s/app/servers.yaml: no such file' },
  { title: 'a patch for nothing', file: 'k8s/overlays/prod/kafka.yaml', text: 'name: ping-kafka-cluster', by: 'name: ping-kafka', says: 'patches Kafka ping-kafka, which is not there' },
  { title: 'a patch of a place that is not there', file: 'k8s/overlays/dev/sync/kustomization.yaml', text: 'containers/0/command', by: 'containers/1/command', says: 'patch replace /spec/template/spec/containers/1/command' },
  { title: 'a profile for an artifact that is not there', file: 'k8s/app/skaffold.yaml', text: 'path: /build/artifacts/1/docker', by: 'path: /build/artifacts/7/docker', says: 'patch replace /build/artifacts/7' },
]

/** The files with the mistake in them. Throws if its text is not there. */
export function plant(files: ProjectFiles, { file, text, by }: Omit<Mistake, 'check'>): ProjectFiles {
  const before = textOf(files, file)
  if (!before.includes(text)) throw new Error(`${file}: got no ${JSON.stringify(text)} to replace`)
  return new Map([...files, [file, before.replace(text, () => by)]])
}
