import { describe, expect, test } from 'vitest'
import { lanesOf } from '../../../src/server/page/lanes-of.ts'

const ledger = [{ lane: 0, seq: 9n, tag: 1n, published: 8n }]
const cached = (seq: bigint, asofMs: number) => ({
  look: {
    timeMs: 10_000,
    hash: { state: { total: seq, minutesFrom: 0, minutesTo: 0, lanes: [{ applied: { seq, tag: 1n }, asofMs }] } },
  },
  sinceMs: 20,
})

describe('the lanes on the live page', () => {
  test('have head, published, applied, and an age that counts from before the look', () => {
    expect(lanesOf(ledger, cached(7n, 9_400))).toEqual([{ lane: 0, head: 9n, published: 8n, applied: 7n, ageMs: 620 }])
  })

  test('never show the cache ahead of Postgres, which was read before', () => {
    expect(lanesOf(ledger, cached(11n, 9_400))).toMatchObject([{ head: 9n, applied: 9n }])
  })

  test('have no age if the clock of the cache was set back', () => {
    expect(lanesOf(ledger, cached(7n, 10_500))).toMatchObject([{ applied: 7n, ageMs: undefined }])
  })

  test('show nothing of a cache that is unreachable or incomplete', () => {
    const unknown = [{ lane: 0, head: 9n, published: 8n, applied: undefined, ageMs: undefined }]
    expect(lanesOf(ledger, undefined)).toEqual(unknown)
    expect(lanesOf(ledger, { look: { timeMs: 1, hash: undefined }, sinceMs: 0 })).toEqual(unknown)
  })
})
