import { ERROR, ProtocolError } from '../errors.ts'
import { LEADER_EPOCH, type PartitionLog } from '../log/partition-log.ts'
import type { Handler } from '../server/handler.ts'
import { oneByOne } from '../server/one-by-one.ts'
import type { Topics } from '../topics/topics.ts'
import type { RequestOf, ResponseOf } from '../wire/api.ts'
import { repeated } from '../wire/repeated.ts'
import type { listOffsets } from '../wire/tables/list-offsets.ts'
import { checkLeaderEpoch } from './leader-epoch.ts'

type Asked = RequestOf<typeof listOffsets>['topics'][number]['partitions'][number] & { readonly name: string }
type PartitionResponse = ResponseOf<typeof listOffsets>['topics'][number]['partitions'][number]

/** Special values that clients send instead of a time. */
const LATEST = -1n
const EARLIEST = -2n
const MAX_TIMESTAMP = -3n
const EARLIEST_LOCAL = -4n
const FIRST_WITH_MAX_TIMESTAMP = 7
const FIRST_WITH_EARLIEST_LOCAL = 8
const READ_COMMITTED = 1
const NOTHING = -1n

/** A partition that is asked for twice gets one error, since a response has one entry for each partition. A search by time may take long, so other requests are served in between. */
export function listOffsetsHandler(topics: Topics): Handler<typeof listOffsets> {
  return async (request, { version }) => {
    const asked = request.topics.flatMap(({ name, partitions }) => partitions.map(partition => ({ name, ...partition })))
    const mode = { version, isolationLevel: request.isolationLevel }
    const twice = repeated(asked.map(placeOf))
    const places = new Map(asked.map(one => [placeOf(one), one]))
    const answers = await oneByOne([...places], ([place, one]) => ({
      name: one.name,
      answer: twice.has(place) ? refusedTwice(one) : answerPartition(topics, one, mode),
    }))
    const byTopic = Map.groupBy(answers, ({ name }) => name)
    return { topics: Array.from(byTopic, ([name, partitions]) => ({ name, partitions: partitions.map(({ answer }) => answer) })) }
  }
}

function placeOf({ name, partitionIndex }: Asked): string {
  return `${partitionIndex}/${name}`
}

function refusedTwice({ partitionIndex }: Asked): PartitionResponse {
  return { partitionIndex, errorCode: ERROR.INVALID_REQUEST }
}

interface Mode {
  readonly version: number
  readonly isolationLevel: number
}

function answerPartition(topics: Topics, { name, partitionIndex, currentLeaderEpoch, timestamp }: Asked, mode: Mode): PartitionResponse {
  try {
    const log = topics.partition(name, partitionIndex)
    checkLeaderEpoch(currentLeaderEpoch)
    const found = find(log, timestamp, mode)
    return { partitionIndex, errorCode: ERROR.NONE, leaderEpoch: found.offset === NOTHING ? -1 : LEADER_EPOCH, ...found }
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error
    return { partitionIndex, errorCode: error.code }
  }
}

function find(log: PartitionLog, timestamp: bigint, { version, isolationLevel }: Mode): { offset: bigint; timestamp: bigint } {
  if (timestamp === LATEST)
    return { offset: isolationLevel === READ_COMMITTED ? log.lastStableOffset : log.highWatermark, timestamp: NOTHING }
  if (timestamp === EARLIEST) return { offset: log.startOffset, timestamp: NOTHING }
  const none = { offset: NOTHING, timestamp: NOTHING }
  if (timestamp === MAX_TIMESTAMP && version >= FIRST_WITH_MAX_TIMESTAMP) return log.maxTimestamp() ?? none
  if (timestamp === EARLIEST_LOCAL && version >= FIRST_WITH_EARLIEST_LOCAL) return { offset: log.startOffset, timestamp: NOTHING }
  if (timestamp < 0n)
    throw new ProtocolError(
      ERROR.UNSUPPORTED_VERSION,
      `timestamp: got ${timestamp}, expected a time or one of the special values of version ${version}`,
    )
  return log.findTimestamp(timestamp) ?? none
}
