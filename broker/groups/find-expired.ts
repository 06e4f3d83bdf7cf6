import type { CommittedOffset, OffsetStore } from '../offsets/offset-store.ts'
import type { Group } from './group.ts'
import { subscribedTopics } from './subscription.ts'

/**
 * Finds the expired offsets of `groupId`, and whether the group is gone without them. The offsets of a group are kept while it has members
 * and for `retentionMs` after the last one has left. If the group never had members, each offset is kept for `retentionMs` after its
 * commit. The same holds for topics that a stable group of consumers no longer reads.
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

/** The time since which an offset is not needed; undefined: it is needed. */
function retentionBase(group: Group | undefined): (topic: string, committed: CommittedOffset) => number | undefined {
  if (group?.protocolType === undefined) return (_, { committedAtMs }) => committedAtMs
  if (group.state === 'Empty') return () => group.stateSinceMs
  const topics = group.state === 'Stable' ? subscribedTopics(group) : undefined
  return (topic, { committedAtMs }) => (topics && !topics.has(topic) ? committedAtMs : undefined)
}
