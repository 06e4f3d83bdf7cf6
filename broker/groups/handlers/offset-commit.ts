import { ERROR, ProtocolError, type ErrorCode } from '../../errors.ts'
import type { OffsetStore, OffsetToCommit } from '../../offsets/offset-store.ts'
import type { Handler } from '../../server/handler.ts'
import type { RequestOf } from '../../wire/api.ts'
import type { offsetCommit } from '../../wire/tables/offset-commit.ts'
import type { Coordinator } from '../coordinator.ts'

export interface OffsetCommitOptions {
  readonly coordinator: Coordinator
  readonly store: OffsetStore
  readonly hasPartition: (topic: string, partition: number) => boolean
  /** In characters, as in Kafka. */
  readonly maxMetadataLength: number
  readonly onStorageError: (error: ProtocolError) => void
}

type Request = RequestOf<typeof offsetCommit>
type Partition = Request['topics'][number]['partitions'][number]

/** The first version that reports an unknown group as such; earlier ones report a wrong generation. */
const UNKNOWN_GROUP_SINCE = 9
/** A hundred years. An offset with a longer or a negative retention is kept as long as its group. */
const MAX_RETENTION_MS = 100n * 366n * 86_400_000n

/** Each partition has its own outcome. All valid ones are committed together. */
export function offsetCommitHandler(options: OffsetCommitOptions): Handler<typeof offsetCommit> {
  return (request, { version }) => {
    const outcomes = request.topics.map(({ name, partitions }) => partitions.map(partition => check(options, name, partition)))
    const entries = accepted(request, outcomes)
    const outcome = commit(options, request, entries, version)
    const topics = request.topics.map(({ name, partitions }, at) => ({
      name,
      partitions: partitions.map(({ partitionIndex }, index) => ({ partitionIndex, errorCode: outcomes[at]?.[index] || outcome })),
    }))
    return { topics }
  }
}

function check(
  { hasPartition, maxMetadataLength }: OffsetCommitOptions,
  topic: string,
  { partitionIndex, committedMetadata }: Partition,
): ErrorCode {
  if (!hasPartition(topic, partitionIndex)) return ERROR.UNKNOWN_TOPIC_OR_PARTITION
  return (committedMetadata ?? '').length > maxMetadataLength ? ERROR.OFFSET_METADATA_TOO_LARGE : ERROR.NONE
}

function accepted({ topics, retentionTimeMs }: Request, outcomes: readonly (readonly ErrorCode[])[]): OffsetToCommit[] {
  const retention = retentionTimeMs < 0n || retentionTimeMs > MAX_RETENTION_MS ? {} : { retentionMs: Number(retentionTimeMs) }
  return topics.flatMap(({ name, partitions }, at) =>
    partitions
      .filter((_, index) => outcomes[at]?.[index] === ERROR.NONE)
      .map(({ partitionIndex, committedOffset, committedLeaderEpoch, committedMetadata }) => ({
        topic: name,
        partition: partitionIndex,
        offset: committedOffset,
        leaderEpoch: committedLeaderEpoch,
        metadata: committedMetadata ?? '',
        ...retention,
      })),
  )
}

function commit(
  { coordinator, store, onStorageError }: OffsetCommitOptions,
  request: Request,
  entries: readonly OffsetToCommit[],
  version: number,
): ErrorCode {
  const { groupId, memberId, groupInstanceId, generationIdOrMemberEpoch: generation } = request
  const refusal =
    coordinator.checkCommit({ groupId, memberId, generation, instanceId: groupInstanceId }) ??
    checkUnknownGroup(generation, store.has(groupId), version)
  if (refusal !== ERROR.NONE) return refusal
  try {
    store.commit(groupId, entries)
    return ERROR.NONE
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error
    onStorageError(error)
    return ERROR.COORDINATOR_NOT_AVAILABLE
  }
}

/** Without a generation, any client may commit for a group that has never had members. */
function checkUnknownGroup(generation: number, hasOffsets: boolean, version: number): ErrorCode {
  if (generation < 0) return ERROR.NONE
  if (hasOffsets) return ERROR.UNKNOWN_MEMBER_ID
  return version < UNKNOWN_GROUP_SINCE ? ERROR.ILLEGAL_GENERATION : ERROR.GROUP_ID_NOT_FOUND
}
