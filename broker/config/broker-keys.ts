import { supported, type Key } from './key.ts'
import { advertisedList, listenerList, protocolMap } from './listener-texts.ts'
import { boolean, int, list, long, oneOf, only, string, timer } from './value-types.ts'

const INT_MAX = '2147483647'
const LONG_MAX = '9223372036854775807'
const PORT = int({ min: 0, max: 65_535 })
const TOPIC = string({
  expected: 'a topic name: 1 to 249 letters, digits, dots, underscores and hyphens, and no internal topic of Kafka',
  pattern: /^(?!\.{1,2}$|__(consumer_offsets|transaction_state|share_group_state|cluster_metadata)$)[\w.-]{1,249}$/,
})
const HOST = string({ expected: 'a host name or an address', pattern: /^[\w.:%-]+$/ })
/** A time that may be unlimited, but not zero. */
const LASTING = (type: typeof int | typeof long) => only(type({ min: -1 }), value => value !== 0, 'an integer from 1, or -1 for no limit')
const DEFAULT_FOLDER = '.ping/broker'

/** The supported keys, by the name of their value in the code. docs/broker.md is generated from them. */
export const brokerKeys = {
  // Network
  listeners: supported('listeners', {
    type: listenerList,
    fallback: 'PLAINTEXT://127.0.0.1:9092',
    help: 'Addresses to listen on. Port 0 is any free port; no host means all IPv4 and IPv6 addresses; localhost means 127.0.0.1 and ::1.',
  }),
  advertisedListeners: supported('advertised.listeners', {
    type: advertisedList,
    help: 'Addresses that clients get to connect to, by listener. Default: the address of the listener or, if it listens on all addresses, the address that the client connected to. Port 0 is the actual port of the listener.',
  }),
  listenerProtocols: supported('listener.security.protocol.map', {
    type: protocolMap,
    fallback: 'SASL_SSL:SASL_SSL,PLAINTEXT:PLAINTEXT,SSL:SSL,SASL_PLAINTEXT:SASL_PLAINTEXT',
    help: 'The protocol of each listener, by listener name. Listeners that clients connect to must be PLAINTEXT.',
  }),
  controllerListeners: supported('controller.listener.names', {
    type: { ...list(), name: 'STRING' },
    help: 'Listeners that are not opened, because only controllers would use them.',
  }),
  maxConnections: supported('max.connections', {
    type: int({ min: 0 }),
    fallback: INT_MAX,
    help: 'Maximum number of open connections. Further ones are closed immediately.',
  }),
  connectionsMaxIdleMs: supported('connections.max.idle.ms', {
    type: timer({ min: -1 }),
    fallback: '600000',
    help: 'A connection is closed when it has been idle for this time; -1: never.',
  }),
  socketRequestMaxBytes: supported('socket.request.max.bytes', {
    type: int({ min: 1 }),
    fallback: '104857600',
    help: 'Maximum size of a request. A larger one closes its connection.',
  }),
  fetchMaxBytes: supported('fetch.max.bytes', {
    type: int({ min: 1_024 }),
    fallback: '57671680',
    help: 'Maximum bytes of records in a fetch response. The first batch is always sent whole.',
  }),

  // Identity and place
  nodeId: supported('node.id', {
    type: int({ min: 0 }),
    fallback: '1',
    help: 'The id of this node. It is stored in meta.properties and checked at each start.',
  }),
  brokerId: supported('broker.id', {
    type: int({ min: -1 }),
    fallback: '-1',
    help: 'The older name of node.id. If both are set, they must be equal.',
  }),
  logDirs: supported('log.dirs', { type: onePath(), help: 'The data folder, exactly one; created if missing. Default: log.dir.' }),
  logDir: supported('log.dir', { type: onePath(), fallback: DEFAULT_FOLDER, help: 'The data folder, unless log.dirs is set.' }),
  storage: supported('storage', {
    type: oneOf('disk', 'memory'),
    fallback: 'disk',
    help: 'Own key. memory keeps all data in memory: no folder is created or locked, and all data is lost when the broker stops.',
  }),

  // Topics and logs
  numPartitions: supported('num.partitions', {
    type: int({ min: 1 }),
    fallback: '1',
    help: 'Number of partitions of a new topic whose creator gives no number.',
  }),
  autoCreateTopics: supported('auto.create.topics.enable', {
    type: boolean,
    fallback: 'true',
    help: 'Whether a missing topic is created when a client asks for it by name.',
  }),
  mayDeleteTopics: supported('delete.topic.enable', { type: boolean, fallback: 'true', help: 'Whether topics may be deleted.' }),
  logRetentionMs: supported('log.retention.ms', {
    type: LASTING(long),
    help: 'Minimum time that records are kept; overrides log.retention.minutes.',
  }),
  logRetentionMinutes: supported('log.retention.minutes', {
    type: LASTING(int),
    help: 'Minimum time that records are kept; overrides log.retention.hours.',
  }),
  logRetentionHours: supported('log.retention.hours', { type: LASTING(int), fallback: '168', help: 'Minimum time that records are kept.' }),
  logRetentionBytes: supported('log.retention.bytes', {
    type: long({ min: -1 }),
    fallback: '-1',
    help: 'Size of a partition above which its oldest segments are deleted; -1: no limit.',
  }),
  logRetentionCheckMs: supported('log.retention.check.interval.ms', {
    type: timer({ min: 1 }),
    fallback: '300000',
    help: 'How often the broker checks for segments to delete.',
  }),
  logSegmentBytes: supported('log.segment.bytes', {
    type: int({ min: 14 }),
    fallback: '1073741824',
    help: 'Maximum size of a segment before a new one is started. The minimum is 14, as in Kafka up to 4.0 (since 4.1: 1 MiB).',
  }),
  logRollMs: supported('log.roll.ms', {
    type: long({ min: 1 }),
    help: 'Maximum age of a segment before a new one is started; overrides log.roll.hours.',
  }),
  logRollHours: supported('log.roll.hours', {
    type: int({ min: 1 }),
    fallback: '168',
    help: 'Maximum age of a segment before a new one is started.',
  }),
  logIndexIntervalBytes: supported('log.index.interval.bytes', {
    type: int({ min: 0 }),
    fallback: '4096',
    help: 'Bytes of a segment between two entries in its index.',
  }),
  logCleanupPolicy: supported('log.cleanup.policy', {
    type: only(list({ pattern: /^(delete|compact)$/ }), policies => policies.length > 0, 'delete, compact or both'),
    fallback: 'delete',
    help: 'delete: old segments are deleted by age and size. compact alone: nothing is deleted, and nothing is compacted either.',
  }),
  messageMaxBytes: supported('message.max.bytes', {
    type: int({ min: 0 }),
    fallback: '1048588',
    help: 'Maximum size of a record batch, as it is sent.',
  }),
  timestampType: supported('log.message.timestamp.type', {
    type: oneOf('CreateTime', 'LogAppendTime'),
    fallback: 'CreateTime',
    help: 'Whether the timestamp of a record is set by the producer or by the broker.',
  }),
  timestampBeforeMaxMs: supported('log.message.timestamp.before.max.ms', {
    type: long({ min: 0 }),
    fallback: LONG_MAX,
    help: 'How far the timestamp of a record may be before the time of the broker.',
  }),
  timestampAfterMaxMs: supported('log.message.timestamp.after.max.ms', {
    type: long({ min: 0 }),
    fallback: '3600000',
    help: 'How far the timestamp of a record may be after the time of the broker.',
  }),
  flushIntervalMessages: supported('log.flush.interval.messages', {
    type: long({ min: 1 }),
    fallback: LONG_MAX,
    help: '1: records are flushed to disk before they are acknowledged. Any other number leaves flushing to the operating system.',
  }),
  producerIdExpirationMs: supported('producer.id.expiration.ms', {
    type: int({ min: 1 }),
    fallback: '86400000',
    help: 'How long the broker remembers the sequence of an idempotent producer after its last batch.',
  }),

  // Groups and offsets
  groupInitialRebalanceDelayMs: supported('group.initial.rebalance.delay.ms', {
    type: int({ min: 0 }),
    fallback: '0',
    help: 'How long an empty group waits for more members before its first generation. The default of Kafka, 3000, would slow down every test.',
  }),
  groupMinSessionTimeoutMs: supported('group.min.session.timeout.ms', {
    type: int({ min: 0 }),
    fallback: '6000',
    help: 'Minimum session timeout that a member may ask for.',
  }),
  groupMaxSessionTimeoutMs: supported('group.max.session.timeout.ms', {
    type: int({ min: 0 }),
    fallback: '1800000',
    help: 'Maximum session timeout that a member may ask for.',
  }),
  groupMaxSize: supported('group.max.size', { type: int({ min: 1 }), fallback: INT_MAX, help: 'Maximum number of members of a group.' }),
  offsetMetadataMaxBytes: supported('offset.metadata.max.bytes', {
    type: int({ min: 0 }),
    fallback: '4096',
    help: 'Maximum length of the metadata of a committed offset.',
  }),
  offsetsRetentionMinutes: supported('offsets.retention.minutes', {
    type: int({ min: 1 }),
    fallback: '10080',
    help: 'How long the offsets of a group are kept after its last member has left.',
  }),
  offsetsRetentionCheckMs: supported('offsets.retention.check.interval.ms', {
    type: timer({ min: 1 }),
    fallback: '600000',
    help: 'How often the broker checks for expired offsets.',
  }),

  // Own keys
  lineConsolePort: supported('line.console.port', {
    type: PORT,
    help: 'Own key. Port of the line console, for nc and telnet; 0: any free port. Without it there is no console.',
  }),
  lineConsoleHost: supported('line.console.host', {
    type: HOST,
    fallback: '127.0.0.1',
    help: 'Own key. Address that the line console listens on.',
  }),
  lineConsoleTopic: supported('line.console.topic', {
    type: TOPIC,
    fallback: 'lines',
    help: 'Own key. Topic of console lines that name no topic.',
  }),
  statusPort: supported('status.port', {
    type: PORT,
    help: 'Own key. Port of /livez, /readyz and /metrics; 0: any free port. Without it these pages are not served.',
  }),
  statusHost: supported('status.host', { type: HOST, fallback: '127.0.0.1', help: 'Own key. Address that the status pages listen on.' }),
  logLevel: supported('log.level', {
    type: oneOf('trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'),
    fallback: 'info',
    help: 'Own key. Minimum level of the messages that are logged.',
  }),
} as const satisfies Readonly<Record<string, Key>>

function onePath() {
  return only(string(), path => path !== '' && !path.includes(','), 'the path of one folder, without a comma')
}
