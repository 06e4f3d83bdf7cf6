import type { CommittedOffset, OffsetStore } from '../offsets/offset-store.ts'
import type { Group } from './group.ts'
import { subscribedTopics } from './subscription.ts'

/**
 * The offsets of `groupId` that are to be forgotten, and whether nothing is left of the group then. A group's offsets are kept
 * while it has members and for `retentionMs` after the last one left. Where there never were any, each offset is kept for that
 * long after its commit; so are those of topics that a stable group of consumers does not read any more.
 */
export function findExpired(
  store: OffsetStore,
  groupId: string,
  group: Group | undefined,
  nowMs: number,
  retentionMs: number,
): { expired: { topic: string; partition: number }[]; isGone: boolean } {
  const baseOf = retentionBase(group)
  const expired: { topic: string; partition: number }[] = []
  let kept = 0
  for (const [topic, partitions] of store.all(groupId)) {
    for (const [partition, committed] of partitions) {
      const baseMs = baseOf(topic, committed)
      const endMs = baseMs === undefined ? Infinity : (committed.expiresAtMs ?? baseMs + retentionMs)
      if (nowMs >= endMs) expired.push({ topic, partition })
      else kept++
    }
  }
  return { expired, isGone: kept === 0 && (group === undefined || group.isDeserted) }
}

/** Since when an offset is not needed; undefined: it is. */
function retentionBase(group: Group | undefined): (topic: string, committed: CommittedOffset) => number | undefined {
  if (group?.protocolType === undefined) return (_, { committedAtMs }) => committedAtMs
  if (group.state === 'Empty') return () => group.stateSinceMs
  const topics = group.state === 'Stable' ? subscribedTopics(group) : undefined
  return (topic, { committedAtMs }) => (topics && !topics.has(topic) ? committedAtMs : undefined)
}
