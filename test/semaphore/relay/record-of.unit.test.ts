import { describe, expect, test } from 'vitest'
import { recordOf } from '../../../semaphore/relay/record-of.ts'

const TOPICS = { actionable: 'actionable-commands', outcomes: 'command-outcomes' }
const ROW = { resource: 'printer', commandId: 'c1', token: 7n }
const ACTIONABLE = { ...ROW, kind: 'actionable', payload: Buffer.from('print') } as const

describe('the record of a row of the outbox', () => {
  test('is the command with its id, token and lease, when its turn comes', () => {
    expect(recordOf({ ...ACTIONABLE, leaseMs: 30_000 }, TOPICS)).toEqual({
      topic: 'actionable-commands',
      key: 'printer',
      value: Buffer.from('print'),
      headers: { 'command-id': 'c1', token: '7', 'lease-ms': '30000' },
    })
    expect(recordOf({ ...ACTIONABLE, leaseMs: undefined }, TOPICS).headers).toEqual({ 'command-id': 'c1', token: '7' })
  })

  test.each([
    ['cancelling', 'cancelling'],
    ['finished', 'finished'],
    ['cancelled', 'cancelled'],
    ['expired', 'expired'],
    ['refusedFull', 'refused'],
    ['refusedConflict', 'refused'],
  ] as const)('of kind %s says that the command is %s', (kind, outcome) => {
    const { topic, key, headers, value } = recordOf({ ...ROW, kind }, TOPICS)
    expect([topic, key]).toEqual(['command-outcomes', 'printer'])
    expect(headers).toMatchObject({ 'command-id': 'c1', token: '7', outcome })
    expect(JSON.parse(String(value))).toMatchObject({ commandId: 'c1', token: '7', outcome })
  })

  test('has no token if the command never had one', () => {
    expect(recordOf({ ...ROW, kind: 'refusedFull', token: undefined }, TOPICS).headers).toEqual({
      'command-id': 'c1',
      outcome: 'refused',
      reason: 'the queue of the resource is full',
    })
  })
})
