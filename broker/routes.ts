import type { Logger } from '../src/runtime/logger.ts'
import type { AdminOptions } from './admin/admin-options.ts'
import { alterConfigsHandler } from './admin/alter-configs.ts'
import { createPartitionsHandler } from './admin/create-partitions.ts'
import { createTopicsHandler } from './admin/create-topics.ts'
import { deleteRecordsHandler } from './admin/delete-records.ts'
import { deleteTopicsHandler } from './admin/delete-topics.ts'
import { describeClusterHandler } from './admin/describe-cluster.ts'
import { describeConfigsHandler } from './admin/describe-configs.ts'
import { incrementalAlterConfigsHandler } from './admin/incremental-alter-configs.ts'
import type { BrokerSettings } from './config/settings.ts'
import { fetchHandler } from './fetch/fetch.ts'
import { listOffsetsHandler } from './fetch/list-offsets.ts'
import { offsetForLeaderEpochHandler } from './fetch/offset-for-leader-epoch.ts'
import type { Coordinator } from './groups/coordinator.ts'
import type { Groups } from './groups/groups.ts'
import { deleteGroupsHandler } from './groups/handlers/delete-groups.ts'
import { describeGroupsHandler } from './groups/handlers/describe-groups.ts'
import { findCoordinatorHandler } from './groups/handlers/find-coordinator.ts'
import { heartbeatHandler } from './groups/handlers/heartbeat.ts'
import { joinGroupHandler } from './groups/handlers/join-group.ts'
import { leaveGroupHandler } from './groups/handlers/leave-group.ts'
import { listGroupsHandler } from './groups/handlers/list-groups.ts'
import { offsetCommitHandler, type OffsetCommitOptions } from './groups/handlers/offset-commit.ts'
import { offsetFetchHandler } from './groups/handlers/offset-fetch.ts'
import { syncGroupHandler } from './groups/handlers/sync-group.ts'
import type { BrokerMetrics } from './metrics.ts'
import { initProducerIdHandler } from './produce/init-producer-id.ts'
import { produceHandler } from './produce/produce.ts'
import { apiVersionsHandler } from './server/api-versions.ts'
import { routesTo, type Handlers, type Route } from './server/route.ts'
import type { State } from './state.ts'
import { metadataHandler } from './topics/metadata.ts'

export interface RoutesOptions {
  readonly settings: BrokerSettings
  readonly state: State
  readonly groups: Groups
  readonly metrics: BrokerMetrics
  readonly log: Logger
}

export interface GroupHandlersOptions extends Pick<OffsetCommitOptions, 'store' | 'hasPartition'> {
  readonly coordinator: Coordinator
  readonly settings: Pick<BrokerSettings, 'nodeId' | 'offsetMetadataMaxBytes'>
  readonly log: Logger
}

/** A route to each API of wire/tables/index.ts. */
export function allRoutes(options: RoutesOptions): readonly Route[] {
  const { settings, state, groups, log } = options
  const { topics, offsets: store, clusterId } = state
  const hasPartition = (topic: string, partition: number): boolean => topics.get(topic)?.partitions[partition] !== undefined
  const handlers: Handlers = {
    apiVersions: apiVersionsHandler(),
    metadata: metadataHandler({ topics, nodeId: settings.nodeId, clusterId, isAutoCreateEnabled: settings.autoCreateTopics }),
    ...recordHandlers(options),
    ...groupHandlers({ coordinator: groups.coordinator, store, hasPartition, settings, log }),
    ...adminHandlers({ settings, topics, clusterId }),
  }
  return routesTo(handlers)
}

function recordHandlers({ settings, state: { topics, appender, waiters, producerIds }, metrics }: RoutesOptions) {
  const fetched = metrics.fetched.bind(metrics)
  const produced = metrics.produced.bind(metrics)
  return {
    produce: produceHandler({ topics, appender, produced }),
    initProducerId: initProducerIdHandler(producerIds),
    fetch: fetchHandler({ topics, waiters, maxBytes: settings.fetchMaxBytes, fetched }),
    listOffsets: listOffsetsHandler(topics),
    offsetForLeaderEpoch: offsetForLeaderEpochHandler(topics),
  }
}

/** The requests of members of groups, and of clients that administer groups. */
export function groupHandlers({ coordinator, store, hasPartition, settings, log }: GroupHandlersOptions) {
  const { nodeId, offsetMetadataMaxBytes: maxMetadataLength } = settings
  const onStorageError = (err: Error): void => log.error({ err }, 'could not commit an offset')
  return {
    findCoordinator: findCoordinatorHandler({ nodeId }),
    joinGroup: joinGroupHandler(coordinator),
    syncGroup: syncGroupHandler(coordinator),
    heartbeat: heartbeatHandler(coordinator),
    leaveGroup: leaveGroupHandler(coordinator),
    describeGroups: describeGroupsHandler(coordinator, store),
    listGroups: listGroupsHandler(coordinator, store),
    deleteGroups: deleteGroupsHandler(coordinator, store),
    offsetCommit: offsetCommitHandler({ coordinator, store, hasPartition, maxMetadataLength, onStorageError }),
    offsetFetch: offsetFetchHandler(store),
  }
}

/** The requests of clients that administer topics and the broker. A successful response means that the change is on disk. */
export function adminHandlers(options: AdminOptions) {
  return {
    describeCluster: describeClusterHandler(options),
    createTopics: createTopicsHandler(options),
    createPartitions: createPartitionsHandler(options),
    deleteTopics: deleteTopicsHandler(options),
    deleteRecords: deleteRecordsHandler(options),
    describeConfigs: describeConfigsHandler(options),
    alterConfigs: alterConfigsHandler(options),
    incrementalAlterConfigs: incrementalAlterConfigsHandler(options),
  }
}
