import { randomUUID } from 'node:crypto'
import type { Logger } from '../../src/runtime/logger.ts'
import { CUT_FILE, type OffsetStore } from '../offsets/offset-store.ts'
import { answer, type Answer } from '../server/handler.ts'
import { deleteGroups } from '../wire/tables/delete-groups.ts'
import { describeGroups } from '../wire/tables/describe-groups.ts'
import { findCoordinator } from '../wire/tables/find-coordinator.ts'
import { heartbeat } from '../wire/tables/heartbeat.ts'
import { joinGroup } from '../wire/tables/join-group.ts'
import { leaveGroup } from '../wire/tables/leave-group.ts'
import { listGroups } from '../wire/tables/list-groups.ts'
import { offsetCommit } from '../wire/tables/offset-commit.ts'
import { offsetFetch } from '../wire/tables/offset-fetch.ts'
import { syncGroup } from '../wire/tables/sync-group.ts'
import { systemClock, type Clock } from './clock.ts'
import { Coordinator } from './coordinator.ts'
import { rememberGeneration, restoreGroups } from './group-records.ts'
import type { GroupState } from './group.ts'
import { deleteGroupsHandler } from './handlers/delete-groups.ts'
import { describeGroupsHandler } from './handlers/describe-groups.ts'
import { findCoordinatorHandler } from './handlers/find-coordinator.ts'
import { heartbeatHandler } from './handlers/heartbeat.ts'
import { joinGroupHandler } from './handlers/join-group.ts'
import { leaveGroupHandler } from './handlers/leave-group.ts'
import { listGroupsHandler } from './handlers/list-groups.ts'
import { offsetCommitHandler } from './handlers/offset-commit.ts'
import { offsetFetchHandler } from './handlers/offset-fetch.ts'
import { syncGroupHandler } from './handlers/sync-group.ts'
import { startExpiry } from './start-expiry.ts'

export interface GroupsOptions {
  readonly store: OffsetStore
  /** As the broker's settings name them. */
  readonly settings: {
    readonly groupMinSessionTimeoutMs: number
    readonly groupMaxSessionTimeoutMs: number
    readonly groupInitialRebalanceDelayMs: number
    readonly groupMaxSize: number
    readonly offsetMetadataMaxBytes: number
    readonly offsetsRetentionMinutes: number
    readonly offsetsRetentionCheckMs: number
  }
  readonly nodeId: number
  readonly hasPartition: (topic: string, partition: number) => boolean
  readonly log: Logger
  readonly clock?: Clock
}

/** The groups of a running broker. */
export interface Groups {
  readonly answers: readonly Answer[]
  /** For metrics. */
  counts(): { members: number; groups: Record<GroupState, number> }
  /** Whether anyone is a member now: then the positions are the members' to commit. */
  hasMembers(group: string): boolean
  /** Answers who waits; no timer is left. */
  stop(): void
}

const MS_PER_MINUTE = 60_000
/** Of a member's id, whose beginning is what the client calls itself. */
const LONGEST_PREFIX = 255

export function startGroups(options: GroupsOptions): Groups {
  const { store, settings, clock = systemClock, log } = options
  const coordinator = new Coordinator({
    clock,
    settings: {
      minSessionTimeoutMs: settings.groupMinSessionTimeoutMs,
      maxSessionTimeoutMs: settings.groupMaxSessionTimeoutMs,
      initialRebalanceDelayMs: settings.groupInitialRebalanceDelayMs,
      maxSize: settings.groupMaxSize,
    },
    newMemberId: prefix => `${prefix.slice(0, LONGEST_PREFIX).toWellFormed()}-${randomUUID()}`,
    onGeneration: group => rememberGeneration(group, store, log),
  })
  if (store.cutBytes > 0)
    log.warn(
      { bytes: store.cutBytes, kept: CUT_FILE },
      'the end of the committed offsets is damaged: it was cut off and kept in a file of its own',
    )
  restoreGroups(coordinator, store, clock)
  const retentionMs = settings.offsetsRetentionMinutes * MS_PER_MINUTE
  const stopExpiry = startExpiry({ coordinator, store, clock, retentionMs, everyMs: settings.offsetsRetentionCheckMs, log })
  return {
    answers: groupAnswers(coordinator, options),
    counts: () => coordinator.counts(),
    hasMembers: groupId => (coordinator.get(groupId)?.state ?? 'Empty') !== 'Empty',
    stop: () => {
      stopExpiry()
      coordinator.stop()
    },
  }
}

function groupAnswers(coordinator: Coordinator, { store, nodeId, hasPartition, settings, log }: GroupsOptions): Answer[] {
  const onStorageError = (err: Error) => log.error({ err }, 'an offset could not be committed')
  return [
    answer(findCoordinator, findCoordinatorHandler({ nodeId })),
    answer(joinGroup, joinGroupHandler(coordinator)),
    answer(syncGroup, syncGroupHandler(coordinator)),
    answer(heartbeat, heartbeatHandler(coordinator)),
    answer(leaveGroup, leaveGroupHandler(coordinator)),
    answer(describeGroups, describeGroupsHandler(coordinator, store)),
    answer(listGroups, listGroupsHandler(coordinator, store)),
    answer(deleteGroups, deleteGroupsHandler(coordinator, store)),
    answer(
      offsetCommit,
      offsetCommitHandler({ coordinator, store, hasPartition, maxMetadataLength: settings.offsetMetadataMaxBytes, onStorageError }),
    ),
    answer(offsetFetch, offsetFetchHandler(store)),
  ]
}
