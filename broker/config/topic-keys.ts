import { HOUR_MS, MINUTE_MS } from '../time-units.ts'
import { acceptedKeys } from './accepted-keys.ts'
import { brokerKeys } from './broker-keys.ts'
import type { Key, Role } from './key.ts'
import { boolean, double, int, list, long, only, string, type ValueType } from './value-types.ts'

/** A key of a topic. Its default is the value of a broker key. */
export interface TopicKey<T = unknown> {
  readonly name: string
  readonly role: Role
  readonly type: ValueType<T>
  readonly help: string
  /** The broker keys that give its default; the first one that is set wins. */
  readonly brokerKeys: readonly BrokerSource[]
  /** The default if no broker key gives one. */
  readonly fallback: string | undefined
}

interface BrokerSource {
  readonly key: Key
  /** How many units of the topic key make one unit of the broker key: 3 600 000 for a key in hours. */
  readonly factor: number
}

const byName = new Map<string, Key>([...Object.values(brokerKeys), ...acceptedKeys].map(key => [key.name, key]))

function sources(names: Readonly<Record<string, number>>): readonly BrokerSource[] {
  return Object.entries(names).map(([name, factor]) => ({ key: byName.get(name)!, factor }))
}

interface Described<T> {
  readonly type: ValueType<T>
  readonly help: string
  /** A broker key, or several with their factors. */
  readonly from?: string | Readonly<Record<string, number>>
  readonly fallback?: string
}

function topicKey<T>(role: Role, name: string, { type, help, from = {}, fallback }: Described<T>): TopicKey<T> {
  return { name, role, type, help, fallback, brokerKeys: sources(typeof from === 'string' ? { [from]: 1 } : from) }
}

/** The supported topic keys, by the name of their value. */
export const supportedTopicKeys = {
  cleanupPolicy: topicKey('supported', 'cleanup.policy', {
    type: brokerKeys.logCleanupPolicy.type,
    from: 'log.cleanup.policy',
    help: 'delete: old segments are deleted by age and size. compact alone: nothing is deleted, and nothing is compacted either.',
  }),
  retentionMs: topicKey('supported', 'retention.ms', {
    type: long({ min: -1 }),
    from: { 'log.retention.ms': 1, 'log.retention.minutes': MINUTE_MS, 'log.retention.hours': HOUR_MS },
    help: 'Minimum time that records are kept; -1: no limit.',
  }),
  retentionBytes: topicKey('supported', 'retention.bytes', {
    type: long({ min: -1 }),
    from: 'log.retention.bytes',
    help: 'Size of a partition above which its oldest segments are deleted; -1: no limit.',
  }),
  segmentBytes: topicKey('supported', 'segment.bytes', {
    type: brokerKeys.logSegmentBytes.type,
    from: 'log.segment.bytes',
    help: 'Maximum size of a segment before a new one is started.',
  }),
  segmentMs: topicKey('supported', 'segment.ms', {
    type: long({ min: 1 }),
    from: { 'log.roll.ms': 1, 'log.roll.hours': HOUR_MS },
    help: 'Maximum age of a segment before a new one is started.',
  }),
  indexIntervalBytes: topicKey('supported', 'index.interval.bytes', {
    type: int({ min: 0 }),
    from: 'log.index.interval.bytes',
    help: 'Bytes of a segment between two entries in its index.',
  }),
  maxMessageBytes: topicKey('supported', 'max.message.bytes', {
    type: int({ min: 0 }),
    from: 'message.max.bytes',
    help: 'Maximum size of a record batch, as it is sent.',
  }),
  timestampType: topicKey('supported', 'message.timestamp.type', {
    type: brokerKeys.timestampType.type,
    from: 'log.message.timestamp.type',
    help: 'Whether the timestamp of a record is set by the producer or by the broker.',
  }),
  timestampBeforeMaxMs: topicKey('supported', 'message.timestamp.before.max.ms', {
    type: long({ min: 0 }),
    from: 'log.message.timestamp.before.max.ms',
    help: 'How far the timestamp of a record may be before the time of the broker.',
  }),
  timestampAfterMaxMs: topicKey('supported', 'message.timestamp.after.max.ms', {
    type: long({ min: 0 }),
    from: 'log.message.timestamp.after.max.ms',
    help: 'How far the timestamp of a record may be after the time of the broker.',
  }),
  flushMessages: topicKey('supported', 'flush.messages', {
    type: long({ min: 1 }),
    from: 'log.flush.interval.messages',
    help: '1: records are flushed to disk before they are acknowledged. Any other number leaves flushing to the operating system.',
  }),
} as const

const NOT_COMPACTED = 'Logs are not compacted.'
const ONE_REPLICA = 'Every partition has one replica.'
const SENT_AS_IS = 'Records keep the compression that the producer gave them.'
const ONE_WAY = 'There is only one way in which files grow and are removed.'
const NO_TIERS = 'There is no tiered storage.'
const unchanged = only(long(), value => value === -2, '-2, since there is no tiered storage')
const never = only(boolean, value => !value, 'false, since there is no tiered storage')

const acceptedTopicKeys: readonly TopicKey[] = [
  topicKey('accepted', 'compression.type', {
    type: string(),
    from: 'compression.type',
    help: SENT_AS_IS,
  }),
  topicKey('accepted', 'compression.gzip.level', { type: int(), from: 'compression.gzip.level', help: SENT_AS_IS }),
  topicKey('accepted', 'compression.lz4.level', { type: int(), from: 'compression.lz4.level', help: SENT_AS_IS }),
  topicKey('accepted', 'compression.zstd.level', {
    type: int(),
    from: 'compression.zstd.level',
    help: SENT_AS_IS,
  }),
  topicKey('accepted', 'delete.retention.ms', { type: long(), from: 'log.cleaner.delete.retention.ms', help: NOT_COMPACTED }),
  topicKey('accepted', 'max.compaction.lag.ms', { type: long(), from: 'log.cleaner.max.compaction.lag.ms', help: NOT_COMPACTED }),
  topicKey('accepted', 'min.cleanable.dirty.ratio', {
    type: double,
    from: 'log.cleaner.min.cleanable.ratio',
    help: NOT_COMPACTED,
  }),
  topicKey('accepted', 'min.compaction.lag.ms', { type: long(), from: 'log.cleaner.min.compaction.lag.ms', help: NOT_COMPACTED }),
  topicKey('accepted', 'min.insync.replicas', {
    type: only(int(), value => value === 1, '1, since there is one node'),
    from: 'min.insync.replicas',
    help: ONE_REPLICA,
  }),
  topicKey('accepted', 'unclean.leader.election.enable', { type: boolean, from: 'unclean.leader.election.enable', help: ONE_REPLICA }),
  topicKey('accepted', 'follower.replication.throttled.replicas', { type: list(), fallback: '', help: ONE_REPLICA }),
  topicKey('accepted', 'leader.replication.throttled.replicas', { type: list(), fallback: '', help: ONE_REPLICA }),
  topicKey('accepted', 'file.delete.delay.ms', { type: long(), from: 'log.segment.delete.delay.ms', help: ONE_WAY }),
  topicKey('accepted', 'preallocate', { type: boolean, from: 'log.preallocate', help: ONE_WAY }),
  topicKey('accepted', 'segment.index.bytes', { type: int(), from: 'log.index.size.max.bytes', help: ONE_WAY }),
  topicKey('accepted', 'segment.jitter.ms', {
    type: long(),
    from: { 'log.roll.jitter.ms': 1, 'log.roll.jitter.hours': HOUR_MS },
    help: ONE_WAY,
  }),
  topicKey('accepted', 'flush.ms', {
    type: only(
      long(),
      value => value >= Number.MAX_SAFE_INTEGER,
      '9223372036854775807: records are flushed with every append or by the operating system',
    ),
    from: 'log.flush.scheduler.interval.ms',
    help: 'Records are flushed with every append or by the operating system.',
  }),
  topicKey('accepted', 'local.retention.bytes', { type: unchanged, fallback: '-2', help: NO_TIERS }),
  topicKey('accepted', 'local.retention.ms', { type: unchanged, fallback: '-2', help: NO_TIERS }),
  topicKey('accepted', 'remote.storage.enable', { type: never, fallback: 'false', help: NO_TIERS }),
  topicKey('accepted', 'remote.log.copy.disable', { type: boolean, fallback: 'false', help: NO_TIERS }),
  topicKey('accepted', 'remote.log.delete.on.disable', { type: boolean, fallback: 'false', help: NO_TIERS }),
]

/** All keys that a topic may have, by name. */
export const topicKeys: ReadonlyMap<string, TopicKey> = new Map(
  [...Object.values<TopicKey>(supportedTopicKeys), ...acceptedTopicKeys].map(key => [key.name, key]),
)
