import type { ICluster } from '@kubernetes-models/cloudnative-pg/postgresql.cnpg.io/v1/Cluster'
import type { IDatabase } from '@kubernetes-models/cloudnative-pg/postgresql.cnpg.io/v1/Database'
import type { IScheduledBackup } from '@kubernetes-models/cloudnative-pg/postgresql.cnpg.io/v1/ScheduledBackup'
import type { IGateway } from '@kubernetes-models/gateway-api/gateway.networking.k8s.io/v1/Gateway'
import type { IGRPCRoute } from '@kubernetes-models/gateway-api/gateway.networking.k8s.io/v1/GRPCRoute'
import type { IHTTPRoute } from '@kubernetes-models/gateway-api/gateway.networking.k8s.io/v1/HTTPRoute'
import type { IScaledObject } from '@kubernetes-models/keda/keda.sh/v1alpha1/ScaledObject'
import type { ITriggerAuthentication } from '@kubernetes-models/keda/keda.sh/v1alpha1/TriggerAuthentication'
import type { IPodMonitor } from '@kubernetes-models/prometheus-operator/monitoring.coreos.com/v1/PodMonitor'
import type { IPrometheusRule } from '@kubernetes-models/prometheus-operator/monitoring.coreos.com/v1/PrometheusRule'
import type { IKafka } from '@kubernetes-models/strimzi-kafka-operator/kafka.strimzi.io/v1/Kafka'
import type { IKafkaNodePool } from '@kubernetes-models/strimzi-kafka-operator/kafka.strimzi.io/v1/KafkaNodePool'
import type { IKafkaTopic } from '@kubernetes-models/strimzi-kafka-operator/kafka.strimzi.io/v1/KafkaTopic'
import type { IKafkaUser } from '@kubernetes-models/strimzi-kafka-operator/kafka.strimzi.io/v1/KafkaUser'
import type { IDeployment, IStatefulSet } from 'kubernetes-models/apps/v1'
import type { IHorizontalPodAutoscaler } from 'kubernetes-models/autoscaling/v2'
import type { ICronJob, IJob } from 'kubernetes-models/batch/v1'
import type { INetworkPolicy } from 'kubernetes-models/networking.k8s.io/v1'
import type { IPodDisruptionBudget } from 'kubernetes-models/policy/v1'
import type { IConfigMap, INamespace, ISecret, IService, IServiceAccount } from 'kubernetes-models/v1'
import type { IDatabaseRole } from '../kinds/database-role.ts'
import type { IDragonfly } from '../kinds/dragonfly.ts'
import type { IObjectStore } from '../kinds/object-store.ts'
import type { Resource } from '../project/read-yaml.ts'

/** The kinds that the checks ask for. */
export interface Kinds {
  readonly Cluster: ICluster
  readonly ConfigMap: IConfigMap
  readonly CronJob: ICronJob
  readonly Database: IDatabase
  readonly DatabaseRole: IDatabaseRole
  readonly Deployment: IDeployment
  readonly Dragonfly: IDragonfly
  readonly Gateway: IGateway
  readonly GRPCRoute: IGRPCRoute
  readonly HorizontalPodAutoscaler: IHorizontalPodAutoscaler
  readonly HTTPRoute: IHTTPRoute
  readonly Job: IJob
  readonly Kafka: IKafka
  readonly KafkaNodePool: IKafkaNodePool
  readonly KafkaTopic: IKafkaTopic
  readonly KafkaUser: IKafkaUser
  readonly Namespace: INamespace
  readonly NetworkPolicy: INetworkPolicy
  readonly ObjectStore: IObjectStore
  readonly PodDisruptionBudget: IPodDisruptionBudget
  readonly PodMonitor: IPodMonitor
  readonly PrometheusRule: IPrometheusRule
  readonly ScaledObject: IScaledObject
  readonly ScheduledBackup: IScheduledBackup
  readonly Secret: ISecret
  readonly Service: IService
  readonly ServiceAccount: IServiceAccount
  readonly StatefulSet: IStatefulSet
  readonly TriggerAuthentication: ITriggerAuthentication
}

/** All resources of a kind. That they have its type, the check of types says. */
export function ofKind<Kind extends keyof Kinds>(resources: readonly Resource[], kind: Kind): readonly (Resource & Kinds[Kind])[] {
  return resources.filter(resource => resource.kind === kind) as unknown as readonly (Resource & Kinds[Kind])[]
}
