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
  /** As the broker's settings name them. */
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
  /** Whether anyone is a member now: then the positions are the members' to commit. */
  hasMembers(group: string): boolean
  /** Answers who waits; no timer is left. */
  stop(): void
}

/** Of a member's id, whose beginning is what the client calls itself. */
const LONGEST_PREFIX = 255

export function startGroups({ store, settings, clock = systemClock, log }: GroupsOptions): Groups {
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
