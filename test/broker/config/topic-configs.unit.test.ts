import { describe, expect, test } from 'vitest'
import { describeBrokerConfigs, describeTopicConfigs } from '../../../broker/config/describe.ts'
import { checkTopicConfigs, logSettings } from '../../../broker/config/log-settings.ts'
import { readConfig, type ConfigOptions } from '../../../broker/config/read-config.ts'
import { topicKeys } from '../../../broker/config/topic-keys.ts'
import { ERROR, ProtocolError } from '../../../broker/errors.ts'

const DAY_MS = 86_400_000

function settingsOf(options: ConfigOptions, topic: Readonly<Record<string, string>> = {}) {
  return logSettings(readConfig({ options }), new Map(Object.entries(topic)))
}

describe('the settings of a log', () => {
  test("are Kafka's defaults if nothing is set", () => {
    expect(settingsOf({})).toEqual({
      segmentBytes: 1_073_741_824,
      segmentMs: 7 * DAY_MS,
      indexIntervalBytes: 4_096,
      retentionMs: 7 * DAY_MS,
      retentionBytes: -1,
      maxMessageBytes: 1_048_588,
      timestampType: 'CreateTime',
      timestampBeforeMaxMs: Number(2n ** 63n - 1n),
      timestampAfterMaxMs: 3_600_000,
      flushEachAppend: false,
      producerIdExpirationMs: DAY_MS,
    })
  })

  test('come from the broker, and the topic overrides them', () => {
    const broker = {
      'log.segment.bytes': 1_000,
      'log.roll.hours': 2,
      'message.max.bytes': 2_000,
      'log.message.timestamp.type': 'LogAppendTime',
      'log.flush.interval.messages': 1,
    }
    expect(settingsOf(broker)).toMatchObject({
      segmentBytes: 1_000,
      segmentMs: 7_200_000,
      maxMessageBytes: 2_000,
      timestampType: 'LogAppendTime',
      flushEachAppend: true,
    })
    const topic = {
      'segment.bytes': '1001',
      'segment.ms': '5',
      'max.message.bytes': ' 2001 ',
      'message.timestamp.type': 'CreateTime',
      'flush.messages': '2',
    }
    expect(settingsOf(broker, topic)).toMatchObject({
      segmentBytes: 1_001,
      segmentMs: 5,
      maxMessageBytes: 2_001,
      timestampType: 'CreateTime',
      flushEachAppend: false,
    })
  })

  test.each([
    [{ 'log.retention.hours': 1 }, 3_600_000],
    [{ 'log.retention.hours': 1, 'log.retention.minutes': 2 }, 120_000],
    [{ 'log.retention.hours': 1, 'log.retention.minutes': 2, 'log.retention.ms': 3 }, 3],
    [{ 'log.retention.hours': -1 }, -1],
    [{ 'log.retention.hours': 1, 'log.retention.minutes': -1 }, -1],
  ])('take the retention in the finest unit that is given: %j', (options, retentionMs) =>
    expect(settingsOf(options).retentionMs).toBe(retentionMs),
  )

  test('delete nothing unless cleanup.policy includes delete', () => {
    const options = { 'log.retention.ms': 5, 'log.retention.bytes': 6 }
    expect(settingsOf(options, { 'cleanup.policy': 'compact' })).toMatchObject({ retentionMs: -1, retentionBytes: -1 })
    expect(settingsOf(options, { 'cleanup.policy': 'compact,delete' })).toMatchObject({ retentionMs: 5, retentionBytes: 6 })
  })
})

describe('a change of topic settings', () => {
  const check = (configs: Readonly<Record<string, string>>): ProtocolError | undefined => {
    try {
      checkTopicConfigs(new Map(Object.entries(configs)))
      return undefined
    } catch (error) {
      expect(error).toBeInstanceOf(ProtocolError)
      return error as ProtocolError
    }
  }

  test('is accepted if every key and value is valid', () => {
    expect(
      check({
        'retention.ms': '-1',
        'cleanup.policy': 'compact',
        'min.insync.replicas': '1',
        'compression.type': 'brotli',
        'compression.zstd.level': '23',
        'remote.storage.enable': 'false',
      }),
    ).toBeUndefined()
    expect(check({})).toBeUndefined()
  })

  test.each([
    [{ 'retention.ms': 'long' }, 'retention.ms: got "long", expected an integer (milliseconds) from -1 to 9223372036854775807'],
    [{ 'segment.bytes': '13' }, 'segment.bytes: got "13", expected an integer (bytes) from 14 to 2147483647'],
    [{ 'cleanup.policy': 'shrink' }, 'cleanup.policy: got "shrink", expected delete, compact or both'],
    [{ 'min.insync.replicas': '2' }, 'min.insync.replicas: got "2", expected 1, since there is one node'],
    [{ 'compression.zstd.level': 'low' }, 'compression.zstd.level: got "low", expected an integer from -2147483648 to 2147483647'],
    [{ 'remote.storage.enable': 'true' }, 'expected false, since there is no tiered storage'],
    [{ 'flush.ms': '1000' }, 'flush.ms: got "1000", expected 9223372036854775807'],
    [{ 'retention.mss': '1' }, 'Unknown topic config name: retention.mss, expected perhaps retention.ms'],
    [{ 'log.retention.ms': '1' }, 'Unknown topic config name: log.retention.ms'],
  ])('is refused as INVALID_CONFIG with the reason: %j', (configs, message) => {
    const error = check(configs)
    expect(error?.code).toBe(ERROR.INVALID_CONFIG)
    expect(error?.message).toContain(message)
  })

  test('is refused with every error', () =>
    expect(check({ 'retention.ms': 'x', 'segment.ms': '0' })?.message).toMatch(/retention\.ms: .*; segment\.ms: /))
})

describe('the configuration that a client gets', () => {
  const topic = (options: ConfigOptions, configs: Readonly<Record<string, string>> = {}) =>
    new Map(describeTopicConfigs(readConfig({ options }), new Map(Object.entries(configs))).map(entry => [entry.name, entry]))

  test('has every topic key with its value, type and default', () => {
    const entries = topic({})
    expect([...entries.keys()]).toEqual([...topicKeys.keys()])
    expect(entries.get('retention.ms')).toMatchObject({
      value: '604800000',
      configSource: 5,
      isDefault: true,
      readOnly: false,
      isSensitive: false,
      configType: 5,
      synonyms: [{ name: 'log.retention.hours', value: '168', source: 5 }],
    })
    expect(entries.get('flush.messages')?.value).toBe('9223372036854775807')
    expect(entries.get('min.cleanable.dirty.ratio')).toMatchObject({ value: '0.5', configType: 6 })
    expect(entries.get('cleanup.policy')).toMatchObject({ value: 'delete', configType: 7 })
    expect(entries.get('remote.storage.enable')).toMatchObject({ value: 'false', configType: 1, synonyms: [] })
    expect([...entries.values()].filter(({ value }) => value === null)).toEqual([])
  })

  test('lists the value of the topic, then that of the broker, then the default', () => {
    expect(topic({ 'log.retention.minutes': 2 }, { 'retention.ms': '5' }).get('retention.ms')).toMatchObject({
      value: '5',
      configSource: 1,
      isDefault: false,
      synonyms: [
        { name: 'retention.ms', value: '5', source: 1 },
        { name: 'log.retention.minutes', value: '2', source: 4 },
        { name: 'log.retention.hours', value: '168', source: 5 },
      ],
    })
    expect(topic({ 'log.retention.minutes': 2 }).get('retention.ms')).toMatchObject({ value: '120000', configSource: 4, isDefault: false })
  })

  test('has the broker keys, all of them read-only', () => {
    const entries = new Map(describeBrokerConfigs(readConfig({ options: { 'num.partitions': 3 } })).map(entry => [entry.name, entry]))
    expect(entries.get('num.partitions')).toMatchObject({
      value: '3',
      configSource: 4,
      readOnly: true,
      configType: 3,
      synonyms: [
        { name: 'num.partitions', value: '3', source: 4 },
        { name: 'num.partitions', value: '1', source: 5 },
      ],
    })
    expect(entries.get('log.retention.ms')).toMatchObject({ value: null, isDefault: true, synonyms: [] })
    expect(entries.get('num.io.threads')?.documentation).toMatch(/^Accepted without effect\. /)
    expect([...entries.values()].every(({ readOnly }) => readOnly)).toBe(true)
  })
})
