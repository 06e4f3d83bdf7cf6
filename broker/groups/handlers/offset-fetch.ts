import { ERROR } from '../../errors.ts'
import type { CommittedOffset, OffsetStore } from '../../offsets/offset-store.ts'
import type { Handler } from '../../server/handler.ts'
import { oneByOne } from '../../server/one-by-one.ts'
import type { offsetFetch } from '../../wire/tables/offset-fetch.ts'

/** The first version with several groups in a request. */
const BATCHED_SINCE = 8
const NOT_COMMITTED = { committedOffset: -1n, committedLeaderEpoch: -1, metadata: '', errorCode: ERROR.NONE }

type Wanted = readonly { readonly name: string; readonly partitionIndexes: readonly number[] }[] | null

/** An unknown group has no committed offsets, which is not an error. All offsets are stable, since there are no transactions. */
export function offsetFetchHandler(store: OffsetStore): Handler<typeof offsetFetch> {
  return async ({ groupId, topics, groups }, { version }) => {
    if (version < BATCHED_SINCE) return { errorCode: ERROR.NONE, topics: fetchTopics(store, groupId, topics) }
    // Duplicate groups and partitions are returned once, so that the response cannot be much longer than the request.
    const once = [...new Map(groups.map(group => [group.groupId, group])).values()]
    return {
      groups: await oneByOne(once, group => ({
        groupId: group.groupId,
        errorCode: ERROR.NONE,
        topics: fetchTopics(store, group.groupId, group.topics),
      })),
    }
  }
}

/** Null means all committed offsets of the group. */
function fetchTopics(store: OffsetStore, group: string, wanted: Wanted) {
  if (wanted === null) {
    return Array.from(store.all(group), ([name, partitions]) => ({
      name,
      partitions: Array.from(partitions, ([index, committed]) => asPartition(index, committed)),
    }))
  }
  const byTopic = new Map<string, Set<number>>()
  for (const { name, partitionIndexes } of wanted) {
    const indexes = byTopic.getOrInsertComputed(name, () => new Set<number>())
    for (const index of partitionIndexes) indexes.add(index)
  }
  return Array.from(byTopic, ([name, indexes]) => ({
    name,
    partitions: Array.from(indexes, index => asPartition(index, store.fetch(group, name, index))),
  }))
}

function asPartition(partitionIndex: number, committed: CommittedOffset | undefined) {
  if (!committed) return { partitionIndex, ...NOT_COMMITTED }
  const { offset, leaderEpoch, metadata } = committed
  return { partitionIndex, committedOffset: offset, committedLeaderEpoch: leaderEpoch, metadata, errorCode: ERROR.NONE }
}
