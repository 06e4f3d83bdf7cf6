/**
 * All APIs that this broker supports, with their keys, versions and fields. Add a line for a new one; the compiler then asks for its handler
 * in broker/routes.ts.
 */

// Connections and the cluster
export { apiVersions } from './api-versions.ts'
export { metadata } from './metadata.ts'
export { describeCluster } from './describe-cluster.ts'
// Records
export { produce } from './produce.ts'
export { initProducerId } from './init-producer-id.ts'
export { fetch } from './fetch.ts'
export { listOffsets } from './list-offsets.ts'
export { offsetForLeaderEpoch } from './offset-for-leader-epoch.ts'
// Groups
export { findCoordinator } from './find-coordinator.ts'
export { joinGroup } from './join-group.ts'
export { syncGroup } from './sync-group.ts'
export { heartbeat } from './heartbeat.ts'
export { leaveGroup } from './leave-group.ts'
export { describeGroups } from './describe-groups.ts'
export { listGroups } from './list-groups.ts'
export { deleteGroups } from './delete-groups.ts'
// Offsets of groups
export { offsetCommit } from './offset-commit.ts'
export { offsetFetch } from './offset-fetch.ts'
// Administration
export { createTopics } from './create-topics.ts'
export { createPartitions } from './create-partitions.ts'
export { deleteTopics } from './delete-topics.ts'
export { deleteRecords } from './delete-records.ts'
export { describeConfigs } from './describe-configs.ts'
export { alterConfigs } from './alter-configs.ts'
export { incrementalAlterConfigs } from './incremental-alter-configs.ts'
