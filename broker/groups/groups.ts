import { randomUUID } from 'node:crypto'
import type { Logger } from '../../src/runtime/logger.ts'
import { CUT_FILE, type OffsetStore } from '../offsets/offset-store.ts'
import { MINUTE_MS } from '../time-units.ts'
import { systemClock, type Clock } from './clock.ts'
import { Coordinator } from './coordinator.ts'
import { rememberGeneration, restoreGroups } from './group-records.ts'
import type { GroupState } from './group.ts'
import { startExpiry } from './start-expiry.ts'

export interface GroupsOptions {
  readonly store: OffsetStore
  /** Named as in the settings of the broker. */
  readonly settings: {
    readonly groupMinSessionTimeoutMs: number
    readonly groupMaxSessionTimeoutMs: number
    readonly groupInitialRebalanceDelayMs: number
    readonly groupMaxSize: number
    readonly offsetsRetentionMinutes: number
    readonly offsetsRetentionCheckMs: number
  }
  readonly log: Logger
  readonly clock?: Clock
}

/** The groups of a running broker. */
export interface Groups {
  readonly coordinator: Coordinator
  /** For metrics. */
  counts(): { members: number; groups: Record<GroupState, number> }
  /** Whether the group has members now. If so, only they may commit positions. */
  hasMembers(group: string): boolean
  /** Responds to all waiting requests and clears all timers. */
  stop(): void
}

/** A member id starts with the client id, cut to this length. */
const MAX_PREFIX_LENGTH = 255

export function startGroups({ store, settings, clock = systemClock, log }: GroupsOptions): Groups {
  const coordinator = new Coordinator({
    clock,
    settings: {
      minSessionTimeoutMs: settings.groupMinSessionTimeoutMs,
      maxSessionTimeoutMs: settings.groupMaxSessionTimeoutMs,
      initialRebalanceDelayMs: settings.groupInitialRebalanceDelayMs,
      maxSize: settings.groupMaxSize,
    },
    newMemberId: prefix => `${prefix.slice(0, MAX_PREFIX_LENGTH).toWellFormed()}-${randomUUID()}`,
    onGeneration: group => rememberGeneration(group, store, log),
  })
  if (store.cutBytes > 0)
    log.warn(
      { bytes: store.cutBytes, kept: CUT_FILE },
      'the end of the committed offsets was damaged: it was cut off and saved in a separate file',
    )
  restoreGroups(coordinator, store, clock)
  const retentionMs = settings.offsetsRetentionMinutes * MINUTE_MS
  const stopExpiry = startExpiry({ coordinator, store, clock, retentionMs, everyMs: settings.offsetsRetentionCheckMs, log })
  return {
    coordinator,
    counts: () => coordinator.counts(),
    hasMembers: groupId => (coordinator.get(groupId)?.state ?? 'Empty') !== 'Empty',
    stop: () => {
      stopExpiry()
      coordinator.stop()
    },
  }
}
