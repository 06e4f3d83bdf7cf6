import { ERROR, ProtocolError, type ErrorCode } from '../errors.ts'
import { LEADER_EPOCH } from '../log/partition-log.ts'
import type { Handler } from '../server/handler.ts'
import { oneByOne } from '../server/one-by-one.ts'
import type { RequestOf, ResponseOf } from '../wire/api.ts'
import { CLUSTER_OPERATIONS, operations, TOPIC_OPERATIONS } from '../wire/operations.ts'
import type { metadata } from '../wire/tables/metadata.ts'
import { checkTopicName, isInternal, isReserved } from './names.ts'
import type { Topic } from './topic.ts'
import type { Topics } from './topics.ts'

type Asked = NonNullable<RequestOf<typeof metadata>['topics']>[number]
type TopicResponse = ResponseOf<typeof metadata>['topics'][number]

export interface MetadataOptions {
  readonly topics: Topics
  readonly nodeId: number
  readonly clusterId: string
  /** Whether missing topics are created when a client asks for them. */
  readonly isAutoCreateEnabled: boolean
}

/** In version 0 an empty list means all topics; in later versions null does. */
const FIRST_WITH_EMPTY_LIST = 1
/** The first version in which a topic may be named by its id. */
const FIRST_WITH_IDS = 12
const NO_ID = Buffer.alloc(16)

export function metadataHandler(options: MetadataOptions): Handler<typeof metadata> {
  const { topics, nodeId, clusterId } = options
  return async (request, { version, advertised }) => {
    const isAll = request.topics === null || (version < FIRST_WITH_EMPTY_LIST && request.topics.length === 0)
    const mayCreate = request.allowAutoTopicCreation && options.isAutoCreateEnabled
    const asked = once(request.topics ?? [])
    if (version < FIRST_WITH_IDS && asked.some(({ topicId }) => !topicId.equals(NO_ID))) return refused(asked)
    const answers = isAll ? topics.all().map(topic => found(topic, nodeId)) : await oneByOne(asked, one => look(options, one, mayCreate))
    const topicAuthorizedOperations = operations(request.includeTopicAuthorizedOperations, TOPIC_OPERATIONS)
    return {
      brokers: [{ nodeId, ...advertised }],
      clusterId,
      controllerId: nodeId,
      topics: answers.map(topic => ({ ...topic, topicAuthorizedOperations })),
      clusterAuthorizedOperations: operations(request.includeClusterAuthorizedOperations, CLUSTER_OPERATIONS),
    }
  }
}

/** A topic that is listed twice is returned once. */
function once(asked: readonly Asked[]): readonly Asked[] {
  return [...new Map(asked.map(one => [one.name ?? one.topicId.toString('hex'), one])).values()]
}

/** Earlier versions have a field for ids, but it must be empty. */
function refused(asked: readonly Asked[]): ResponseOf<typeof metadata> {
  return { brokers: [], topics: asked.map(({ name, topicId }) => missing(name ?? '', ERROR.INVALID_REQUEST, topicId)) }
}

function look({ topics, nodeId }: MetadataOptions, { name, topicId }: Asked, mayCreate: boolean): TopicResponse {
  if (name === null) {
    const topic = topics.byId(topicId)
    return topic ? found(topic, nodeId) : missing(null, ERROR.UNKNOWN_TOPIC_ID, topicId)
  }
  try {
    checkTopicName(name)
    const topic = topics.get(name) ?? (mayCreate && !isReserved(name) ? topics.create(name) : undefined)
    return topic ? found(topic, nodeId) : missing(name, ERROR.UNKNOWN_TOPIC_OR_PARTITION)
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error
    return missing(name, error.code)
  }
}

function missing(name: string | null, errorCode: ErrorCode, topicId?: Buffer): TopicResponse {
  return { errorCode, name, ...(topicId && { topicId }), isInternal: isInternal(name ?? ''), partitions: [] }
}

function found({ name, id, partitions }: Topic, nodeId: number): TopicResponse {
  return {
    errorCode: ERROR.NONE,
    name,
    topicId: id,
    isInternal: isInternal(name),
    partitions: partitions.map((_, partitionIndex) => ({
      errorCode: ERROR.NONE,
      partitionIndex,
      leaderId: nodeId,
      leaderEpoch: LEADER_EPOCH,
      replicaNodes: [nodeId],
      isrNodes: [nodeId],
    })),
  }
}
