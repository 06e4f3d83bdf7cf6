import { randomUUID } from 'node:crypto'
import type { Logger } from '../../src/runtime/logger.ts'
import { ERROR } from '../errors.ts'
import { offsetCommitHandler } from '../offsets/offset-commit.ts'
import { findExpired } from '../offsets/offset-expiry.ts'
import { offsetFetchHandler } from '../offsets/offset-fetch.ts'
import type { OffsetStore } from '../offsets/offset-store.ts'
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
import { deleteGroupsHandler } from './answers/delete-groups.ts'
import { describeGroupsHandler } from './answers/describe-groups.ts'
import { findCoordinatorHandler } from './answers/find-coordinator.ts'
import { heartbeatHandler } from './answers/heartbeat.ts'
import { joinGroupHandler } from './answers/join-group.ts'
import { leaveGroupHandler } from './answers/leave-group.ts'
import { listGroupsHandler } from './answers/list-groups.ts'
import { syncGroupHandler } from './answers/sync-group.ts'
import { Alarm, systemClock, type Clock } from './clock.ts'
import { Coordinator } from './coordinator.ts'
import type { Group, GroupState } from './group.ts'

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
/** Who is no member may commit while there are none. */
const NOBODY = { memberId: '', instanceId: null, generation: -1 }

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
    newMemberId: prefix => `${prefix}-${randomUUID()}`,
    onGeneration: group => rememberGeneration(group, store, log),
  })
  restore(coordinator, store, clock)
  const expiry = new Alarm(clock)
  const retentionMs = settings.offsetsRetentionMinutes * MS_PER_MINUTE
  repeat(expiry, settings.offsetsRetentionCheckMs, () => forgetExpired({ coordinator, store, nowMs: clock.now(), retentionMs, log }))
  return {
    answers: groupAnswers(coordinator, options),
    counts: () => coordinator.counts(),
    hasMembers: groupId => coordinator.checkCommit({ ...NOBODY, groupId }) === ERROR.UNKNOWN_MEMBER_ID,
    stop: () => {
      expiry.clear()
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
    answer(offsetCommit, offsetCommitHandler({ coordinator, store, hasPartition, maxMetadataLength: settings.offsetMetadataMaxBytes, onStorageError })),
    answer(offsetFetch, offsetFetchHandler(store)),
  ]
}

/** Groups that had members are empty from now on: members do not outlive the broker. */
function restore(coordinator: Coordinator, store: OffsetStore, clock: Clock): void {
  for (const groupId of store.groups()) {
    const record = store.record(groupId)
    if (record) coordinator.restore(groupId, { ...record, emptySinceMs: record.emptySinceMs ?? clock.now() })
  }
}

/** For the next start. That it is not written down is no reason to stop the group. */
function rememberGeneration(group: Group, store: OffsetStore, log: Logger): void {
  const { id, generation, protocolType = '', state, stateSinceMs, members } = group
  log.info({ group: id, generation, members: members.size }, 'a group has a new generation')
  try {
    store.setRecord(id, { protocolType, generation, emptySinceMs: state === 'Empty' ? stateSinceMs : undefined })
  } catch (err) {
    log.warn({ err, group: id }, 'the generation of a group could not be written down')
  }
}

function repeat(alarm: Alarm, everyMs: number, action: () => void): void {
  alarm.set(everyMs, () => {
    action()
    repeat(alarm, everyMs, action)
  })
}

function forgetExpired({ coordinator, store, nowMs, retentionMs, log }: { coordinator: Coordinator; store: OffsetStore; nowMs: number; retentionMs: number; log: Logger }): void {
  const groupIds = new Set([...store.groups(), ...coordinator.all().map(({ id }) => id)])
  for (const groupId of groupIds) {
    const { expired, isGone } = findExpired(store, groupId, coordinator.get(groupId), nowMs, retentionMs)
    try {
      if (isGone) store.deleteGroup(groupId)
      else store.remove(groupId, expired)
    } catch (err) {
      log.warn({ err, group: groupId }, 'expired offsets could not be removed')
      continue
    }
    if (isGone) coordinator.delete(groupId)
    if (isGone || expired.length > 0) log.info({ group: groupId, offsets: expired.length, isGone }, 'offsets have expired')
  }
}
