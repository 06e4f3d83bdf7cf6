import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { environment } from '../../../local/environment.ts'
import { runToEnd } from '../../../local/launch/child.ts'
import { uniqueName } from '../../support/kafka.ts'
import { can, goCommand } from '../../support/tiers.ts'
import { onBothBrokers } from '../targets.ts'
import { CODECS } from './sample-records.ts'
import { runScenarios, SCENARIOS_LIMIT_MS, type Facts } from './scenarios.ts'

const SOURCE = join(import.meta.dirname, 'franz-go')
/** A first build includes everything that it needs of Go's library, and perhaps a newer Go. */
const BUILD_LIMIT_MS = 300_000

describe.runIf(can('go'))('franz-go', () => {
  let folder: string
  let program: string
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'ping-test-franz-go-'))
    program = join(folder, 'client')
    // Unoptimised: it builds in half the time, and the program waits for the broker anyway.
    const args = ['build', '-C', SOURCE, '-mod=readonly', '-gcflags=all=-N -l', '-ldflags=-s -w', '-o', program, '.']
    await runToEnd({ name: 'go build', command: goCommand() ?? 'go', args, env: { ...environment(), CGO_ENABLED: '0' } })
  }, BUILD_LIMIT_MS)
  afterAll(() => rmSync(folder, { recursive: true }))

  onBothBrokers(target => {
    let facts: Facts
    beforeAll(async () => {
      facts = await runScenarios({ name: 'franz-go', command: program, args: [target.brokers, uniqueName('go')] })
    }, SCENARIOS_LIMIT_MS)

    test.each(CODECS)('returns records unchanged and in order (%s)', codec => {
      expect(facts.get(`round trip (${codec})`)).toEqual({ same: true, offsets: true })
    })

    test('keeps the order of an idempotent producer in every partition', () => {
      expect(facts.get('idempotent producer')).toEqual({ 'in order': [true, true, true] })
    })

    test.each(['range', 'cooperative-sticky'])(
      'shares a group: a second member takes half, and gives it back when it leaves (%s)',
      balancer => {
        expect(facts.get(`group (${balancer})`)).toEqual({ 'in order': [true, true, true, true], committed: [15, 15, 15, 15] })
      },
    )

    test('continues at the committed offset of a group, and finds offsets by time', () => {
      // There is no offset after the last time: this client then returns the end.
      expect(facts.get('resuming and times')).toEqual({ read: ['6', '7', '8', '9'], 'by time': [0, 3, 10], 'low and high': [0, 10] })
    })

    test('lets a static member rejoin in the same generation', () => {
      expect(facts.get('static member')).toEqual({ ids: 2, generations: 1 })
    })

    test('administers topics, configurations, records, offsets and groups', () => {
      const refused = {
        again: 'TOPIC_ALREADY_EXISTS',
        wrong: 'INVALID_CONFIG',
        less: 'INVALID_PARTITIONS',
        'group gone': 'GROUP_ID_NOT_FOUND',
        'topic gone': 'UNKNOWN_TOPIC_OR_PARTITION',
      }
      expect(facts.get('administration')).toEqual({
        ...refused,
        partitions: true,
        'max time': 9,
        low: 3,
        kept: '7 kept',
        state: 'Empty',
        listed: true,
        nodes: 1,
        controller: true,
      })
    })

    test('gets the right error for each wrong request', () => {
      expect(facts.get('errors')).toEqual({ 'too large': 'MESSAGE_TOO_LARGE', 'out of range': 'OFFSET_OUT_OF_RANGE' })
    })

    test('learns at its first call whether transactions are supported', () => {
      expect(facts.get('transactions')).toBe(target.name === 'Apache Kafka' ? 'done' : 'TRANSACTIONAL_ID_AUTHORIZATION_FAILED')
    })

    test('subscribes to topics by a pattern, including topics that are created later', () => {
      expect(facts.get('pattern')).toEqual({ first: 10, second: 10 })
    })
  })
})
