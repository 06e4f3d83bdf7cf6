import { topicFallback } from '../config/log-settings.ts'
import { supportedTopicKeys } from '../config/topic-keys.ts'
import { ERROR, ProtocolError } from '../errors.ts'
import type { Handler } from '../server/handler.ts'
import { oneByOne } from '../server/one-by-one.ts'
import type { RequestOf, ResponseOf } from '../wire/api.ts'
import type { deleteRecords } from '../wire/tables/delete-records.ts'
import type { AdminOptions } from './admin-options.ts'
import { verdictOf } from './verdict.ts'

type Asked = RequestOf<typeof deleteRecords>['topics'][number]['partitions'][number]
type PartitionResponse = ResponseOf<typeof deleteRecords>['topics'][number]['partitions'][number]

/** Asks to delete all records that can be read. */
const HIGH_WATERMARK = -1n
const NONE = -1n

export function deleteRecordsHandler(options: AdminOptions): Handler<typeof deleteRecords> {
  return async ({ topics }) => {
    const asked = topics.flatMap(({ name, partitions }) => partitions.map(partition => ({ name, partition })))
    const answers = await oneByOne(asked, ({ name, partition }) => deleteBefore(options, name, partition))
    let at = 0
    return { topics: topics.map(({ name, partitions }) => ({ name, partitions: answers.slice(at, (at += partitions.length)) })) }
  }
}

function deleteBefore(options: AdminOptions, name: string, { partitionIndex, offset }: Asked): PartitionResponse {
  let lowWatermark = NONE
  const { errorCode } = verdictOf('deleting records', () => {
    const log = options.topics.partition(name, partitionIndex)
    checkPolicy(options, name)
    if (offset < HIGH_WATERMARK)
      throw new ProtocolError(ERROR.OFFSET_OUT_OF_RANGE, `offset: got ${offset}, expected 0 or more, or ${HIGH_WATERMARK} for all records`)
    log.deleteBefore(offset === HIGH_WATERMARK ? log.highWatermark : offset)
    lowWatermark = log.startOffset
  })
  return { partitionIndex, lowWatermark, errorCode }
}

/** Records may be deleted on request only if the cleanup policy of the topic includes `delete`. */
function checkPolicy({ topics, settings }: AdminOptions, name: string): void {
  const key = supportedTopicKeys.cleanupPolicy
  const policy = topics.get(name)?.configs.get(key.name) ?? topicFallback(key, settings.given)
  if (key.type.parse(policy.trim())?.includes('delete')) return
  throw new ProtocolError(ERROR.POLICY_VIOLATION, `${key.name} of ${name}: got ${policy}, expected a policy that includes delete`)
}
