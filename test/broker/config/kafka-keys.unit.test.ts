import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { brokerKeys } from '../../../broker/config/broker-keys.ts'
import { topicFallback } from '../../../broker/config/log-settings.ts'
import { knownKeys } from '../../../broker/config/read-config.ts'
import { refusalOf } from '../../../broker/config/refused-keys.ts'
import { topicKeys } from '../../../broker/config/topic-keys.ts'

interface KafkaKey {
  readonly name: string
  readonly type: string
  readonly fallback: string | undefined
}

function kafkaKeys(whose: 'B' | 'T'): readonly KafkaKey[] {
  const lines = readFileSync(join(import.meta.dirname, 'kafka-4.1-keys.txt'), 'utf8')
    .trimEnd()
    .split('\n')
  return lines
    .map(line => line.split(' '))
    .filter(([of]) => of === whose)
    .map(([, name = '', type = '', ...rest]) => ({ name, type, fallback: rest.join(' ') === '-' ? undefined : rest.join(' ') }))
}

/** Defaults that differ from Kafka's, as docs/broker.md says. */
const OTHER_DEFAULTS = [
  'group.coordinator.rebalance.protocols',
  'group.initial.rebalance.delay.ms',
  'listeners',
  'log.dir',
  'node.id',
  'offsets.topic.replication.factor',
  'process.roles',
  'share.coordinator.state.topic.min.isr',
  'share.coordinator.state.topic.replication.factor',
  'transaction.state.log.min.isr',
  'transaction.state.log.replication.factor',
]

describe("each of Kafka's keys", () => {
  test('of a broker is supported, accepted or refused', () => {
    const keys = kafkaKeys('B')
    expect(keys.length).toBeGreaterThan(300)
    expect(keys.filter(({ name }) => !knownKeys.has(name) && refusalOf(name) === undefined).map(({ name }) => name)).toEqual([])
  })

  test('of a topic can be set', () =>
    expect(
      kafkaKeys('T')
        .filter(({ name }) => !topicKeys.has(name))
        .map(({ name }) => name),
    ).toEqual([]))

  test('has the type that it has in Kafka', () => {
    const types = (keys: readonly KafkaKey[], known: ReadonlyMap<string, { type: { name: string } }>): readonly string[] =>
      keys.filter(({ name, type }) => known.has(name) && known.get(name)?.type.name !== type).map(({ name }) => name)
    expect(types(kafkaKeys('B'), knownKeys)).toEqual([])
    expect(types(kafkaKeys('T'), topicKeys)).toEqual([])
  })

  test("has Kafka's default, except for the keys that the docs list", () => {
    const differing = kafkaKeys('B').filter(({ name, fallback }) => knownKeys.has(name) && knownKeys.get(name)?.fallback !== fallback)
    expect(differing.map(({ name }) => name)).toEqual(OTHER_DEFAULTS)
    const ofTopics = kafkaKeys('T').filter(({ name, fallback }) => topicFallback(topicKeys.get(name)!, new Map()) !== fallback)
    expect(ofTopics.map(({ name }) => name)).toEqual([])
  })
})

describe('keys that Kafka does not have', () => {
  test('are marked as own keys', () => {
    const names = new Set(kafkaKeys('B').map(({ name }) => name))
    const own = Object.values(brokerKeys).filter(({ name }) => !names.has(name))
    expect(own.map(({ name }) => name)).toEqual([
      'storage',
      'line.console.port',
      'line.console.host',
      'line.console.topic',
      'status.port',
      'status.host',
      'log.level',
    ])
    expect(own.filter(({ help }) => !help.startsWith('Own key. '))).toEqual([])
  })
})
