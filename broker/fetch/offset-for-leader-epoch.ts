import { ERROR, ProtocolError } from '../errors.ts'
import { LEADER_EPOCH } from '../log/partition-log.ts'
import type { Handler } from '../server/handler.ts'
import type { Topics } from '../topics/topics.ts'
import type { RequestOf, ResponseOf } from '../wire/api.ts'
import type { offsetForLeaderEpoch } from '../wire/tables/offset-for-leader-epoch.ts'
import { checkLeaderEpoch } from './leader-epoch.ts'

type Asked = RequestOf<typeof offsetForLeaderEpoch>['topics'][number]['partitions'][number]
type PartitionResponse = ResponseOf<typeof offsetForLeaderEpoch>['topics'][number]['partitions'][number]

/** Returns where the records of an epoch end, so that consumers notice a truncated log; in this broker no epoch ends. */
export function offsetForLeaderEpochHandler(topics: Topics): Handler<typeof offsetForLeaderEpoch> {
  return request => ({
    topics: request.topics.map(({ topic, partitions }) => ({
      topic,
      partitions: partitions.map(asked => answerPartition(topics, topic, asked)),
    })),
  })
}

function answerPartition(topics: Topics, topic: string, { partition, currentLeaderEpoch, leaderEpoch }: Asked): PartitionResponse {
  const unknown = { partition, leaderEpoch: -1, endOffset: -1n }
  try {
    const log = topics.partition(topic, partition)
    checkLeaderEpoch(currentLeaderEpoch)
    if (leaderEpoch !== LEADER_EPOCH) return { errorCode: ERROR.NONE, ...unknown }
    return { errorCode: ERROR.NONE, partition, leaderEpoch, endOffset: log.endOffset }
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error
    return { errorCode: error.code, ...unknown }
  }
}
