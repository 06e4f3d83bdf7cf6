import { honoured, type Key } from './key.ts'
import { advertisedList, listenerList, protocolMap } from './listener-texts.ts'
import { boolean, int, list, long, oneOf, only, string, timer } from './value-types.ts'

const INT_MAX = '2147483647'
const LONG_MAX = '9223372036854775807'
const PORT = int({ min: 0, max: 65_535 })
const TOPIC = string({
  expected: 'the name of a topic: 1 to 249 letters, digits, dots, underscores and hyphens, not one of Kafka itself',
  pattern: /^(?!\.{1,2}$|__(consumer_offsets|transaction_state|share_group_state|cluster_metadata)$)[\w.-]{1,249}$/,
})
const HOST = string({ expected: 'a host name or an address', pattern: /^[\w.:%-]+$/ })
/** A time that may be unlimited, but not zero. */
const LASTING = (type: typeof int | typeof long) =>
  only(type({ min: -1 }), value => value !== 0, 'a whole number from 1, or -1 for no limit')
const DEFAULT_FOLDER = '.ping/broker'

/** The keys that this broker honours, by the name of their value in the code. docs/broker.md is made from them. */
export const brokerKeys = {
  // Network
  listeners: honoured('listeners', {
    type: listenerList,
    fallback: 'PLAINTEXT://127.0.0.1:9092',
    help: 'Where clients connect; port 0 is any free port, no host is every address of IPv4 and IPv6, and localhost is 127.0.0.1 and ::1.',
  }),
  advertisedListeners: honoured('advertised.listeners', {
    type: advertisedList,
    help: 'Where clients are told to connect, by listener; absent: the listener itself or, where that is every address, the one by which they came; port 0 is the port that it got.',
  }),
  listenerProtocols: honoured('listener.security.protocol.map', {
    type: protocolMap,
    fallback: 'SASL_SSL:SASL_SSL,PLAINTEXT:PLAINTEXT,SSL:SSL,SASL_PLAINTEXT:SASL_PLAINTEXT',
    help: 'The protocol of each listener by its name; that of those that are opened must be PLAINTEXT.',
  }),
  controllerListeners: honoured('controller.listener.names', {
    type: { ...list(), name: 'STRING' },
    help: 'Listeners that are not opened: nothing but controllers would talk to them.',
  }),
  maxConnections: honoured('max.connections', {
    type: int({ min: 0 }),
    fallback: INT_MAX,
    help: 'Most connections at a time; more are closed at once.',
  }),
  connectionsMaxIdleMs: honoured('connections.max.idle.ms', {
    type: timer({ min: -1 }),
    fallback: '600000',
    help: 'A connection without a request for so long is closed; -1: never.',
  }),
  socketRequestMaxBytes: honoured('socket.request.max.bytes', {
    type: int({ min: 1 }),
    fallback: '104857600',
    help: 'Longest request; the connection of a longer one is closed.',
  }),
  fetchMaxBytes: honoured('fetch.max.bytes', {
    type: int({ min: 1_024 }),
    fallback: '57671680',
    help: 'Most bytes of records in one answer to a fetch, except that the first batch is always sent whole.',
  }),

  // Identity and place
  nodeId: honoured('node.id', {
    type: int({ min: 0 }),
    fallback: '1',
    help: 'The id of this node; it is kept in meta.properties and checked at each start.',
  }),
  brokerId: honoured('broker.id', { type: int({ min: -1 }), fallback: '-1', help: 'The older name of node.id; both must agree.' }),
  logDirs: honoured('log.dirs', { type: onePath(), help: `The folder of all data, one, made when absent; absent: log.dir.` }),
  logDir: honoured('log.dir', { type: onePath(), fallback: DEFAULT_FOLDER, help: 'The folder of all data when log.dirs is absent.' }),
  storage: honoured('storage', {
    type: oneOf('disk', 'memory'),
    fallback: 'disk',
    help: 'Own key. memory keeps everything in memory: no folder is made or locked, and all is gone at the end.',
  }),

  // Topics and logs
  numPartitions: honoured('num.partitions', {
    type: int({ min: 1 }),
    fallback: '1',
    help: 'Partitions of a topic that is created without a number.',
  }),
  autoCreateTopics: honoured('auto.create.topics.enable', {
    type: boolean,
    fallback: 'true',
    help: 'Whether a topic that a client asks for by name is created when it is missing.',
  }),
  mayDeleteTopics: honoured('delete.topic.enable', { type: boolean, fallback: 'true', help: 'Whether topics may be deleted.' }),
  logRetentionMs: honoured('log.retention.ms', {
    type: LASTING(long),
    help: 'How long records are kept at least; goes before log.retention.minutes.',
  }),
  logRetentionMinutes: honoured('log.retention.minutes', {
    type: LASTING(int),
    help: 'How long records are kept at least; goes before log.retention.hours.',
  }),
  logRetentionHours: honoured('log.retention.hours', { type: LASTING(int), fallback: '168', help: 'How long records are kept at least.' }),
  logRetentionBytes: honoured('log.retention.bytes', {
    type: long({ min: -1 }),
    fallback: '-1',
    help: 'Bytes of a partition above which its oldest segments are deleted; -1: no limit.',
  }),
  logRetentionCheckMs: honoured('log.retention.check.interval.ms', {
    type: timer({ min: 1 }),
    fallback: '300000',
    help: 'How often segments are looked at for deletion.',
  }),
  logSegmentBytes: honoured('log.segment.bytes', {
    type: int({ min: 14 }),
    fallback: '1073741824',
    help: 'Size at which a new segment is begun; from 14, as up to Kafka 4.0 (since 4.1: from 1 MiB).',
  }),
  logRollMs: honoured('log.roll.ms', { type: long({ min: 1 }), help: 'Age at which a new segment is begun; goes before log.roll.hours.' }),
  logRollHours: honoured('log.roll.hours', { type: int({ min: 1 }), fallback: '168', help: 'Age at which a new segment is begun.' }),
  logIndexIntervalBytes: honoured('log.index.interval.bytes', {
    type: int({ min: 0 }),
    fallback: '4096',
    help: 'Bytes of a segment between two entries of its index.',
  }),
  logCleanupPolicy: honoured('log.cleanup.policy', {
    type: only(list({ pattern: /^(delete|compact)$/ }), policies => policies.length > 0, 'delete, compact or both'),
    fallback: 'delete',
    help: 'delete: by age and size. compact alone: nothing is deleted, and nothing is compacted either.',
  }),
  messageMaxBytes: honoured('message.max.bytes', {
    type: int({ min: 0 }),
    fallback: '1048588',
    help: 'Longest record batch, as it is sent.',
  }),
  timestampType: honoured('log.message.timestamp.type', {
    type: oneOf('CreateTime', 'LogAppendTime'),
    fallback: 'CreateTime',
    help: "Whether a record's time is the producer's or the broker's.",
  }),
  timestampBeforeMaxMs: honoured('log.message.timestamp.before.max.ms', {
    type: long({ min: 0 }),
    fallback: LONG_MAX,
    help: "How far a record's time may lie before the broker's.",
  }),
  timestampAfterMaxMs: honoured('log.message.timestamp.after.max.ms', {
    type: long({ min: 0 }),
    fallback: '3600000',
    help: "How far a record's time may lie behind the broker's.",
  }),
  flushIntervalMessages: honoured('log.flush.interval.messages', {
    type: long({ min: 1 }),
    fallback: LONG_MAX,
    help: '1: records are on the disk before they are acknowledged. Any other number leaves that to the system.',
  }),
  producerIdExpirationMs: honoured('producer.id.expiration.ms', {
    type: int({ min: 1 }),
    fallback: '86400000',
    help: 'How long the sequence of an idempotent producer is remembered after its last batch.',
  }),

  // Groups and offsets
  groupInitialRebalanceDelayMs: honoured('group.initial.rebalance.delay.ms', {
    type: int({ min: 0 }),
    fallback: '0',
    help: "How long an empty group waits for more members before its first generation; Kafka's default of 3000 makes every test slow.",
  }),
  groupMinSessionTimeoutMs: honoured('group.min.session.timeout.ms', {
    type: int({ min: 0 }),
    fallback: '6000',
    help: 'Shortest session timeout that a member may ask for.',
  }),
  groupMaxSessionTimeoutMs: honoured('group.max.session.timeout.ms', {
    type: int({ min: 0 }),
    fallback: '1800000',
    help: 'Longest session timeout that a member may ask for.',
  }),
  groupMaxSize: honoured('group.max.size', { type: int({ min: 1 }), fallback: INT_MAX, help: 'Most members of a group.' }),
  offsetMetadataMaxBytes: honoured('offset.metadata.max.bytes', {
    type: int({ min: 0 }),
    fallback: '4096',
    help: 'Longest metadata of a committed offset.',
  }),
  offsetsRetentionMinutes: honoured('offsets.retention.minutes', {
    type: int({ min: 1 }),
    fallback: '10080',
    help: 'How long the offsets of a group without members are kept.',
  }),
  offsetsRetentionCheckMs: honoured('offsets.retention.check.interval.ms', {
    type: timer({ min: 1 }),
    fallback: '600000',
    help: 'How often offsets are looked at for deletion.',
  }),

  // Own keys
  lineConsolePort: honoured('line.console.port', {
    type: PORT,
    help: 'Own key. Port of the line console, for nc and telnet; 0: any free port; absent: no console.',
  }),
  lineConsoleHost: honoured('line.console.host', { type: HOST, fallback: '127.0.0.1', help: 'Own key. Address of the line console.' }),
  lineConsoleTopic: honoured('line.console.topic', { type: TOPIC, fallback: 'lines', help: 'Own key. The topic of lines that name none.' }),
  statusPort: honoured('status.port', {
    type: PORT,
    help: 'Own key. Port of /livez, /readyz and /metrics; 0: any free port; absent: none.',
  }),
  statusHost: honoured('status.host', { type: HOST, fallback: '127.0.0.1', help: 'Own key. Address of the status pages.' }),
  logLevel: honoured('log.level', {
    type: oneOf('trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'),
    fallback: 'info',
    help: 'Own key. Least level that the program logs.',
  }),
} as const satisfies Readonly<Record<string, Key>>

function onePath() {
  return only(string(), path => path !== '' && !path.includes(','), 'the path of one folder, without a comma')
}
