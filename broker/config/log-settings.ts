import { ERROR, ProtocolError } from '../errors.ts'
import type { LogSettings } from '../log/log-settings.ts'
import { expectedOf } from './key.ts'
import { nearestKey } from './nearest-key.ts'
import type { BrokerSettings } from './settings.ts'
import { supportedTopicKeys, topicKeys, type TopicKey } from './topic-keys.ts'

/** The settings of the logs of a topic: the keys of the topic override those of the broker. */
export function logSettings(
  { given, producerIdExpirationMs }: Pick<BrokerSettings, 'given' | 'producerIdExpirationMs'>,
  overrides: ReadonlyMap<string, string>,
): LogSettings {
  const value = <T>(key: TopicKey<T>): T => topicValue(key, given, overrides)
  const isDeleting = value(supportedTopicKeys.cleanupPolicy).includes('delete')
  return {
    segmentBytes: value(supportedTopicKeys.segmentBytes),
    segmentMs: value(supportedTopicKeys.segmentMs),
    indexIntervalBytes: value(supportedTopicKeys.indexIntervalBytes),
    retentionMs: isDeleting ? value(supportedTopicKeys.retentionMs) : -1,
    retentionBytes: isDeleting ? value(supportedTopicKeys.retentionBytes) : -1,
    maxMessageBytes: value(supportedTopicKeys.maxMessageBytes),
    timestampType: value(supportedTopicKeys.timestampType),
    timestampBeforeMaxMs: value(supportedTopicKeys.timestampBeforeMaxMs),
    timestampAfterMaxMs: value(supportedTopicKeys.timestampAfterMaxMs),
    flushEachAppend: value(supportedTopicKeys.flushMessages) === 1,
    producerIdExpirationMs,
  }
}

function topicValue<T>(key: TopicKey<T>, given: ReadonlyMap<string, string>, overrides: ReadonlyMap<string, string>): T {
  const text = overrides.get(key.name)
  const value = text === undefined ? undefined : key.type.parse(text.trim())
  return value ?? (key.type.parse(topicFallback(key, given)) as T)
}

/** The value, as a string, of a topic key that is not set for the topic. */
export function topicFallback({ brokerKeys, fallback = '' }: TopicKey, given: ReadonlyMap<string, string>): string {
  const source = brokerKeys.find(({ key }) => given.has(key.name)) ?? brokerKeys.find(({ key }) => key.fallback !== undefined)
  if (source === undefined) return fallback
  const { key, factor } = source
  const text = given.get(key.name) ?? key.fallback ?? fallback
  return factor === 1 || text === '-1' ? text : String(BigInt(text) * BigInt(factor))
}

/** Throws INVALID_CONFIG unless these can be set for a topic; the message names every error. */
export function checkTopicConfigs(overrides: ReadonlyMap<string, string>): void {
  const wrong = [...overrides].flatMap(([name, text]) => {
    const key = topicKeys.get(name)
    if (key === undefined) return [unknown(name)]
    return key.type.parse(text.trim()) === undefined ? [`${name}: got ${JSON.stringify(text)}, expected ${expectedOf(key)}`] : []
  })
  if (wrong.length > 0) throw new ProtocolError(ERROR.INVALID_CONFIG, wrong.join('; '))
}

function unknown(name: string): string {
  const nearest = nearestKey(name, topicKeys.keys())
  return `Unknown topic config name: ${name}${nearest === undefined ? '' : `, expected perhaps ${nearest}`}`
}
