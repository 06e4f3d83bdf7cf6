import { join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import { environment } from '../../../local/environment.ts'
import { firstOrAll } from '../../support/depth.ts'
import { uniqueName } from '../../support/kafka.ts'
import { confluentKafka, can } from '../../support/tiers.ts'
import { onBothBrokers } from '../targets.ts'
import { CODECS } from './sample-records.ts'
import { runScenarios, SCENARIOS_LIMIT_MS, type Facts } from './scenarios.ts'

const CLIENT = join(import.meta.dirname, 'librdkafka', 'client.py')

/** One script for two versions of the library: Debian's (2.0) and the newest at the time of writing (2.16). */
for (const tier of firstOrAll(['librdkafka', 'librdkafka-new'] as const)) {
  describe.runIf(can(tier))(tier === 'librdkafka' ? 'librdkafka' : 'a new librdkafka', () => {
    onBothBrokers(target => {
      let facts: Facts
      beforeAll(async () => {
        const args = [CLIENT, target.brokers, uniqueName('py')]
        facts = await runScenarios({
          name: 'client.py',
          command: '/usr/bin/python3',
          args,
          env: { ...environment(), PYTHONPATH: confluentKafka(tier), PYTHONWARNINGS: 'ignore' },
        })
      }, SCENARIOS_LIMIT_MS)

      test.each(CODECS)('returns records unchanged and in order (%s)', codec => {
        expect(facts.get(`round trip (${codec})`)).toEqual({ unsent: 0, delivered: true, same: true, offsets: true, timestamps: true })
      })

      test('keeps the order of an idempotent producer with five requests in flight', () => {
        expect(facts.get('idempotent producer')).toEqual({ unsent: 0, 'in order': [true, true, true] })
      })

      test.each(['range', 'cooperative-sticky'])(
        'shares a group: a second member takes half, and gives it back when it leaves (%s)',
        strategy => {
          expect(facts.get(`group (${strategy})`)).toEqual({ 'in order': [true, true, true, true], committed: [15, 15, 15, 15] })
        },
      )

      test('continues at the committed offset of a group, and finds offsets by time', () => {
        expect(facts.get('resuming and times')).toEqual({ read: ['6', '7', '8', '9'], 'low and high': [0, 10], 'by time': [0, 3, -1] })
      })

      test('lets a static member rejoin', () => {
        expect(facts.get('static member')).toEqual({ read: 0 })
      })

      test('administers topics and configurations', () => {
        const outcomes = {
          again: ['TOPIC_ALREADY_EXISTS'],
          wrong: ['INVALID_CONFIG'],
          more: ['done'],
          less: ['INVALID_PARTITIONS'],
          gone: ['done'],
          'gone again': ['UNKNOWN_TOPIC_OR_PART'],
        }
        expect(facts.get('administration')).toEqual({ ...outcomes, first: '60000', changed: ['done'] })
      })

      // The older version has no calls for it.
      if (tier === 'librdkafka-new')
        test('administers offsets, groups and records', () => {
          const offsets = { offsets: [0, 10, 9, 3], 'low watermark': 3, altered: [4], listed: [4] }
          expect(facts.get('newer administration')).toEqual({
            ...offsets,
            'is listed': true,
            state: 'EMPTY',
            removed: null,
            nodes: 1,
            'has controller': true,
            described: [1, true],
          })
        })

      test('gets the right error for each wrong request', () => {
        expect(facts.get('errors')).toEqual({ 'too large': ['MSG_SIZE_TOO_LARGE'], 'unknown topic': '_UNKNOWN_PARTITION' })
      })

      test('learns at its first call whether transactions are supported', () => {
        const refused = { name: 'TRANSACTIONAL_ID_AUTHORIZATION_FAILED', 'is fatal or final': true }
        expect(facts.get('transactions')).toEqual(target.name === 'Apache Kafka' ? 'begun' : refused)
      })
    })
  })
}
