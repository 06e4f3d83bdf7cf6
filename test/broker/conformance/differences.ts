/** Steps in which the response of Ping's broker differs from that of Apache Kafka on purpose. */
export interface Difference {
  readonly chapter: string
  /** The titles of the steps. */
  readonly steps: readonly string[]
  /** The response of Ping's broker, computed from that of Kafka. */
  readonly ours: (kafka: any) => unknown
  /** For the docs: the difference, and the reason. */
  readonly reason: string
}

const TRANSACTIONAL_ID_AUTHORIZATION_FAILED = 53
const INVALID_TIMESTAMP = 32

/** All intended differences; any other one is a bug. The docs list them. */
export const DIFFERENCES: readonly Difference[] = [
  {
    chapter: 'versions and the cluster',
    steps: ['the supported APIs'],
    ours: () => OFFERED,
    reason:
      'Supports what clients of a single node use: no transactions, no topic ids in Produce and Fetch, no requests between brokers, no newer group protocols, quotas, tokens or access lists.',
  },
  {
    chapter: 'versions and the cluster',
    steps: ['ApiVersions 3 besides this list', 'ApiVersions 4 besides this list'],
    ours: kafka => ({ ...kafka, supportedFeatures: [], finalizedFeatures: [] }),
    reason: 'Announces no features: they are for upgrades of clusters, and some of them would make clients use what is not supported.',
  },
  {
    chapter: 'metadata',
    steps: ['an unknown topic that may be created'],
    ours: ([topic]) => {
      const [node] = ['<node>']
      const partition = {
        errorCode: 0,
        partitionIndex: 0,
        leaderId: node,
        leaderEpoch: -1,
        replicaNodes: [node],
        isrNodes: [node],
        offlineReplicas: [],
      }
      return [{ ...topic, errorCode: 0, partitions: [partition] }]
    },
    reason:
      'A missing topic is created before the response to the request that asks for it; Kafka creates it afterwards and tells clients to retry.',
  },
  {
    chapter: 'metadata',
    steps: ['two names that differ in dot and underscore'],
    ours: ([topic]) => [{ ...topic, errorCode: 17 }],
    reason:
      'A topic that cannot be created because of its name gets INVALID_TOPIC_EXCEPTION (17); Kafka always returns UNKNOWN_TOPIC_OR_PARTITION (3).',
  },
  {
    chapter: 'topics',
    steps: ['validate_only', 'a name of 249 characters'],
    ours: kafka => withoutId(kafka),
    reason: 'CreateTopics with validate_only returns no topic id; Kafka returns one that has no meaning.',
  },
  {
    chapter: 'configurations',
    steps: ['of the broker'],
    ours: kafka => ({
      ...kafka,
      results: kafka.results.map((result: any) => ({
        ...result,
        configs: result.configs.map((config: any) => ({ ...config, readOnly: true })),
      })),
    }),
    reason: 'The settings of the broker are read when it starts and cannot be changed while it runs.',
  },
  {
    chapter: 'configurations',
    steps: ['an operation that does not exist'],
    ours: kafka => ({ ...kafka, responses: [{ ...kafka.responses[0], errorCode: 42 }] }),
    reason: 'An unknown operation on a configuration returns INVALID_REQUEST (42); Kafka returns UNKNOWN_SERVER_ERROR (-1).',
  },
  {
    chapter: 'produce',
    steps: [
      'a batch that claims an offset',
      'an empty batch',
      'a count higher than the records',
      'a count that is not the last delta plus one',
      'a negative count',
      'a control batch',
      'a producer id without a sequence',
    ],
    ours: withoutLogStart,
    reason: 'If records are refused, the response does not contain the start offset of the log; in Kafka it depends on the error.',
  },
  {
    chapter: 'idempotence',
    steps: [
      'a batch that overlaps',
      'a gap',
      'the sixth last again',
      'a batch of many, the first of them known',
      'a higher epoch that does not start at zero',
      'a lower epoch',
      'but not with a gap',
    ],
    ours: withoutLogStart,
    reason: 'If records are refused, the response does not contain the start offset of the log; in Kafka it depends on the error.',
  },
  {
    chapter: 'idempotence',
    steps: [
      'the same batch again returns the original offset',
      'other records with the same sequence are treated as a duplicate',
      'the fifth last again',
      'and is remembered',
      'the batch across again',
    ],
    ours: kafka => produced(kafka, { logAppendTimeMs: -1 }),
    reason: 'A duplicate batch gets the same response as the first one; Kafka returns the timestamp of the records as the append time.',
  },
  {
    chapter: 'produce',
    steps: ['no records: null'],
    ours: () => 'an answer',
    reason: 'Null instead of records returns an error; Kafka never responds.',
  },
  {
    chapter: 'produce',
    steps: ['bytes after the batch'],
    ours: kafka => produced(kafka, { errorCode: 87, baseOffset: -1, logStartOffset: -1 }),
    reason: 'A batch with bytes after it is refused; Kafka ignores these bytes.',
  },
  {
    chapter: 'produce',
    steps: ['a codec that does not exist'],
    ours: kafka => produced(kafka, { errorCode: 76, logStartOffset: -1 }),
    reason: 'An unknown compression codec returns UNSUPPORTED_COMPRESSION_TYPE (76); Kafka returns UNKNOWN_SERVER_ERROR (-1).',
  },
  {
    chapter: 'produce',
    steps: ['a batch with a log append time'],
    ours: kafka => produced(kafka, { errorCode: 32, baseOffset: -1, logStartOffset: -1 }),
    reason: 'A batch from a client with the timestamp type LogAppendTime is refused; Kafka accepts and corrects it.',
  },
  {
    chapter: 'fetch',
    steps: ['further batches are returned only if they fit whole', 'the total limit is used up by the first partition'],
    ours: kafka =>
      withPartitions(kafka, partition => ({
        ...partition,
        records: partition.records.filter((batch: unknown) => batch !== 'a cut batch'),
      })),
    reason: 'Fetch responses contain whole batches; Kafka cuts the last one at the limit, and clients discard it.',
  },
  {
    chapter: 'fetch',
    steps: ['a new session'],
    ours: kafka => ({ ...kafka, sessionId: 0 }),
    reason: 'There are no fetch sessions, which save bytes with many partitions and brokers. Clients get the session id 0.',
  },
  {
    chapter: 'offsets of logs',
    steps: ['the offsets after deleting all'],
    ours: kafka =>
      kafka.map((answer: any, index: number) => (index < 3 ? answer : withOffset(answer, { timestamp: -1, offset: -1, leaderEpoch: -1 }))),
    reason: 'An empty log has no maximum timestamp; Kafka remembers the timestamp of a deleted record.',
  },
  {
    chapter: 'groups',
    steps: ['the transaction coordinator'],
    ours: kafka => ({ ...kafka, errorCode: TRANSACTIONAL_ID_AUTHORIZATION_FAILED, nodeId: -1, host: '', port: -1 }),
    reason: 'Transactions are not supported: the first request of a transactional client gets an error that is not retriable.',
  },
  {
    chapter: 'transactions',
    steps: [0, 1, 2, 3, 4].map(version => `InitProducerId ${version} with a transactional id`),
    ours: kafka => ({ ...kafka, errorCode: TRANSACTIONAL_ID_AUTHORIZATION_FAILED, producerId: -1, producerEpoch: -1 }),
    reason: 'Transactions are not supported: the first request of a transactional client gets an error that is not retriable.',
  },
  {
    chapter: 'transactions',
    steps: ['a batch with a transactional id that was not begun'],
    ours: kafka => produced(kafka, { errorCode: TRANSACTIONAL_ID_AUTHORIZATION_FAILED }),
    reason: 'Transactions are not supported: the first request of a transactional client gets an error that is not retriable.',
  },
  {
    chapter: 'produce',
    steps: ['bytes that are not snappy'],
    ours: kafka => produced(kafka, { errorCode: 0, baseOffset: 0, logStartOffset: 0 }),
    reason: 'A produced batch is not decompressed, so malformed compressed records are stored; Kafka refuses them.',
  },
  {
    chapter: 'produce',
    steps: ['a compacted topic refuses a record without a key'],
    ours: ([refused, taken]) => [
      produced(refused, { errorCode: 0, baseOffset: 0, logStartOffset: 0, recordErrors: [] }),
      produced(taken, { baseOffset: 1 }),
    ],
    reason: 'Logs are not compacted (the setting is accepted), so a compacted topic accepts records without a key.',
  },
  {
    chapter: 'offsets of groups',
    steps: ['OffsetFetch 8 of several groups', 'OffsetFetch 9 of several groups'],
    ours: kafka => ({ ...kafka, groups: kafka.groups.slice(1) }),
    reason:
      'A group, partition or resource that a request lists twice is returned once, so that a short request cannot get a huge response; Kafka repeats it.',
  },
  {
    chapter: 'produce',
    steps: ['a time two hours ahead', 'times must be within the limits of the topic'],
    ours: kafka => (Array.isArray(kafka) ? kafka.map(withoutPlace) : withoutPlace(kafka)),
    reason: 'Timestamps are checked in the header of a batch, and the whole batch is refused; Kafka names the records.',
  },
  {
    chapter: 'configurations',
    steps: ['with synonyms'],
    ours: kafka => withDefaultBeneath(kafka),
    reason: 'The synonyms of a topic setting end with the default of the broker; Kafka omits it.',
  },
]

const OFFERED = {
  Produce: '0 to 11',
  Fetch: '4 to 12',
  ListOffsets: '1 to 8',
  Metadata: '0 to 12',
  OffsetCommit: '2 to 9',
  OffsetFetch: '1 to 9',
  FindCoordinator: '0 to 5',
  JoinGroup: '0 to 9',
  Heartbeat: '0 to 4',
  LeaveGroup: '0 to 5',
  SyncGroup: '0 to 5',
  DescribeGroups: '0 to 5',
  ListGroups: '0 to 4',
  ApiVersions: '0 to 4',
  CreateTopics: '2 to 7',
  DeleteTopics: '1 to 6',
  DeleteRecords: '0 to 2',
  InitProducerId: '0 to 4',
  OffsetForLeaderEpoch: '2 to 4',
  DescribeConfigs: '1 to 4',
  AlterConfigs: '0 to 2',
  CreatePartitions: '0 to 3',
  DeleteGroups: '0 to 2',
  IncrementalAlterConfigs: '0 to 1',
  DescribeCluster: '0 to 1',
}

/** The response to a produce request to one partition, with a change to that partition. */
function produced(kafka: any, change: object): unknown {
  const [topic] = kafka.responses
  return { ...kafka, responses: [{ ...topic, partitionResponses: [{ ...topic.partitionResponses[0], ...change }] }] }
}

/** Without the start offset and the record errors, if the timestamp was refused. */
function withoutPlace(kafka: any): unknown {
  const { errorCode } = kafka.responses[0].partitionResponses[0]
  return errorCode === INVALID_TIMESTAMP ? produced(kafka, { logStartOffset: -1, recordErrors: [] }) : kafka
}

function withDefaultBeneath(kafka: any): unknown {
  const beneath = { name: 'log.retention.hours', value: '168', source: 5 }
  const results = kafka.results.map((result: any) => ({
    ...result,
    configs: result.configs.map((config: any) =>
      config.name === 'retention.ms' ? { ...config, synonyms: [...config.synonyms, beneath] } : config,
    ),
  }))
  return { ...kafka, results }
}

function withoutLogStart(kafka: any): unknown {
  return produced(kafka, { logStartOffset: -1 })
}

function withPartitions(kafka: any, change: (partition: any) => unknown): unknown {
  return { ...kafka, responses: kafka.responses.map((topic: any) => ({ ...topic, partitions: topic.partitions.map(change) })) }
}

function withOffset(kafka: any, change: object): unknown {
  const [topic] = kafka.topics
  return { ...kafka, topics: [{ ...topic, partitions: [{ ...topic.partitions[0], ...change }] }] }
}

/** Applies to an answer to CreateTopics, or to a list that begins with one. */
function withoutId(kafka: any): unknown {
  if (Array.isArray(kafka)) return [withoutId(kafka[0]), ...kafka.slice(1)]
  return { ...kafka, topics: kafka.topics.map((topic: any) => ({ ...topic, topicId: '<no id>' })) }
}
