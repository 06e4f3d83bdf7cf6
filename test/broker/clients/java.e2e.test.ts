import { join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import { kafkaJars } from '../../../local/launch/kafka-jars.ts'
import { uniqueName } from '../../support/kafka.ts'
import { can } from '../../support/tiers.ts'
import { onBothBrokers } from '../targets.ts'
import { CODECS } from './sample-records.ts'
import { runScenarios, SCENARIOS_LIMIT_MS, type Facts } from './scenarios.ts'

const FOLDER = join(import.meta.dirname, 'java')
const QUICK_START = ['-Xmx256m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1']

describe.runIf(can('java'))("Kafka's own clients and tools", () => {
  onBothBrokers(target => {
    let facts: Facts
    beforeAll(async () => {
      const classPath = join(await kafkaJars(), '*')
      const logging = `-Dlog4j2.configurationFile=${join(FOLDER, 'log4j2.properties')}`
      // One JVM for everything: its start takes longer than the work.
      const args = [
        ...QUICK_START,
        '-Dfile.encoding=UTF-8',
        logging,
        '-cp',
        classPath,
        join(FOLDER, 'Clients.java'),
        target.brokers,
        uniqueName('java'),
      ]
      facts = await runScenarios({ name: 'Clients.java', command: 'java', args })
    }, SCENARIOS_LIMIT_MS)

    test.each(CODECS)('return records unchanged and in order (%s)', codec => {
      expect(facts.get(`round trip (${codec})`)).toEqual({ delivered: true, same: true, offsets: true })
    })

    test('keep the order of an idempotent producer in every partition', () => {
      expect(facts.get('idempotent producer')).toEqual({ 'in order': [true, true, true] })
    })

    test.each(['range', 'cooperative-sticky'])(
      'share a group: a second member takes half, and gives it back when it leaves (%s)',
      assignor => {
        expect(facts.get(`group (${assignor})`)).toEqual({ 'in order': [true, true, true, true], committed: [15, 15, 15, 15] })
      },
    )

    test('continue at the committed offset of a group, and find offsets by time', () => {
      expect(facts.get('resuming and times')).toEqual({ read: ['6', '7', '8', '9'], 'by time': [0, 3, 'none'], 'low and high': [0, 10] })
    })

    test('administer topics, configurations, records, offsets and groups', () => {
      const refused = {
        again: 'TopicExistsException',
        wrong: 'InvalidConfigurationException',
        replicated: 'InvalidReplicationFactorException',
        less: 'InvalidPartitionsException',
      }
      const gone = { 'group gone': 'GroupIdNotFoundException', 'topic gone': 'UnknownTopicOrPartitionException' }
      expect(facts.get('administration')).toEqual({
        ...refused,
        ...gone,
        'max time': 4,
        low: 3,
        kept: '7 kept',
        state: 'Empty',
        listed: true,
        nodes: 1,
        controller: true,
      })
    })

    test('get the right error for each wrong request', () => {
      expect(facts.get('errors')).toEqual({ 'too large': 'RecordTooLargeException', 'out of range': 'OffsetOutOfRangeException' })
    })

    test('learn at their first call whether transactions and the newer groups are supported', () => {
      const isKafka = target.name === 'Apache Kafka'
      expect(facts.get('transactions')).toBe(isKafka ? 'done' : 'TransactionalIdAuthorizationException')
      expect(facts.get('newer groups')).toBe(isKafka ? 'done' : 'UnsupportedVersionException')
    })

    test('work through the console tools', () => {
      expect(facts.get('console tools')).toEqual({
        '1 create': true,
        '2 produce': '',
        '3 consume': ['a\t1', 'b\t2', 'c\t3'],
        '4 describe': true,
        '5 list': true,
        '6 offsets': 2,
        '7 lag': ['0', '0'],
        '8 reset': 2,
        '9 configs': true,
        '10 versions': true,
        '11 delete group': true,
        '12 delete': '',
      })
    })
  })
})
