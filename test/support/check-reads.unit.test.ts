import { describe, expect, test } from 'vitest'
import { i5Reads } from './check-reads.ts'
import type { CountSample } from './count-watch.ts'
import type { SentPing } from './load.ts'

const acked = (ackedMs: number): SentPing => ({ id: 'x', timestampMs: undefined, sentMs: ackedMs - 5, ackedMs, tries: 1 })
const read = (more: Partial<CountSample> = {}): CountSample => ({
  url: 'one',
  life: 1,
  strong: false,
  beganMs: 10_000,
  endedMs: 10_005,
  count: 0,
  source: 'cache',
  ageMs: 300,
  ...more,
})
const old = (beganMs: number, more: Partial<CountSample> = {}) => read({ beganMs, endedMs: beganMs + 5, ageMs: 2_500, ...more })
const strong = (beganMs: number, more: Partial<CountSample> = {}) =>
  read({ strong: true, source: 'database', ageMs: 1, beganMs, endedMs: beganMs + 5, ...more })

describe('of the reads of a total', () => {
  test.each<[string, readonly CountSample[], readonly SentPing[], RegExp]>([
    ['one without a ping that was acknowledged before its age', [read()], [acked(9_600)], /1 were acknowledged before/],
    ['a strong one without a ping that was acknowledged before it', [strong(10_000)], [acked(9_999)], /1 were acknowledged before/],
    ['one of more pings than were sent', [read({ count: 1 })], [acked(10_100)], /only 0 were attempted/],
    ['an old one', [strong(2_500), old(10_000)], [], /older than 2 s/],
    ['one that falls', [read({ count: 1 }), read({ beganMs: 10_010 })], [acked(9_990)], /it was 1 before/],
    ['an old one after the server has read Postgres again', [strong(3_000), old(3_100)], [], /older than 2 s/],
  ])('%s is a violation', (_, samples, sent, violation) => {
    const violations = i5Reads(samples, sent, { postgresAway: [{ fromMs: 1_000, toMs: 2_000 }] })
    expect(violations).toEqual([expect.stringMatching(violation)])
  })

  test.each<[string, readonly CountSample[]]>([
    ['while Postgres is down', [old(1_500)]],
    ['before the server has read Postgres again', [old(2_900), strong(3_000)]],
    ['of another server that has not read it yet', [strong(2_500), old(2_600, { url: 'other' })]],
    ['that waited for Postgres', [old(10_000, { endedMs: 10_500 })]],
  ])('an old one %s is none', (_, samples) => {
    expect(i5Reads(samples, [], { postgresAway: [{ fromMs: 1_000, toMs: 2_000 }] })).toEqual([])
  })
})
