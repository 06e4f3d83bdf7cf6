import { describe, expect, test } from 'vitest'
import { exitCodeOf } from '../../../src/cli/rtt/exit-code.ts'
import { summaryDocument, summaryText, type Summary } from '../../../src/cli/rtt/summary.ts'
import { Tallies } from '../../../src/cli/rtt/tally.ts'
import { acked, answered, sessionsWith, due, echoed, leaders, sent, time } from './sessions.ts'

/** A run of this many probes over two partitions, of which the last one is lost; each takes a µs longer than the one before. */
function summaryOf(probes: number, overrides: Partial<Summary> = {}): Summary {
  const { sessions, statistics, take } = sessionsWith({ to: 'one' })
  take(leaders(1, 2))
  for (let seq = 1; seq <= probes; seq++) {
    const ms = 1 + seq / 1_000
    take(due(seq, 0, seq % 2), sent(seq))
    if (seq < probes) take(acked(seq, ms), echoed(seq, 2 * ms), answered(seq, 3 * ms))
  }
  take(time(1_010)) // it is sent when the others have come
  const originMs = new Date(2026, 10, 28, 14, 3, 7).getTime()
  return {
    tally: sessions.tally(),
    figures: statistics.figures(),
    originMs,
    hasPongs: true,
    flood: undefined,
    elapsedMs: 1_000,
    ...overrides,
  }
}

describe('the summary of a run', () => {
  test('has the numbers, the percentiles of each measure, the figures by leader and partition, and the worst', () => {
    const lines = summaryText(summaryOf(5)).split('\n')
    expect(lines).toEqual([
      '--- 5 due, 5 sent, 4 acked, 4 echoed, 4 answered; 1 lost, 0 late, 0 duplicate, 0 out of order',
      '               min     p50     p90     p99     p99.9   max',
      'ack            1.001   1.002   1.004   1.004   -       1.004',
      'echo           2.002   2.004   2.008   2.008   -       2.008',
      'pong           3.002   3.007   3.013   3.013   -       3.013',
      'pong - server  2.602   2.607   2.613   2.613   -       2.613',
      'pong - server: the road alone',
      '-: fewer than 1000 samples',
      expect.stringMatching(/^per leader {5}ack {3}b1 1\.00\d\/1\.004 {2}b2 1\.00\d\/1\.003 {2}\(p50\/p99\)$/),
      expect.stringMatching(/^per leader {5}echo {2}b1 /),
      expect.stringMatching(/^per leader {5}pong {2}b1 /),
      expect.stringMatching(/^per partition {2}pong {2}p0 .* {2}p1 .* {2}\(p50\/p99\)$/),
      'worst: seq 4 p0@b1 pong 3.012 ms at 14:03:07',
    ])
  })

  test('shows p99.9 only of 1000 samples or more', () => {
    expect(summaryText(summaryOf(1_000))).toMatch(/^ack .* - /m) // 999 were acknowledged
    const enough = summaryText(summaryOf(1_001))
    expect(enough).toMatch(/^ack {12}1\.001 .* 1\.999 {3}2\.000$/m)
    expect(enough).not.toContain('fewer than 1000')
    expect(summaryDocument(summaryOf(1_001))).toMatchObject({ latencyMs: { ack: { count: 1_000, p999: expect.any(Number) } } })
    expect(summaryDocument(summaryOf(1_000))).toMatchObject({ latencyMs: { ack: { count: 999, p999: null } } })
  })

  test('says that a flood is a closed loop', () => {
    const [counts] = summaryText(summaryOf(5, { flood: 64, elapsedMs: 2 })).split('\n')
    expect(counts).toMatch(/; closed loop, 64 in flight: 2000\/s$/)
    expect(summaryDocument(summaryOf(5, { flood: 64 }))).toMatchObject({ loop: 'closed' })
  })

  test('has no percentiles if nothing came back', () => {
    expect(summaryText(summaryOf(1))).toBe('--- 1 due, 1 sent, 0 acked, 0 echoed, 0 answered; 1 lost, 0 late, 0 duplicate, 0 out of order')
  })

  test('names the worst probe in JSON, with the clock time at which it was due', () => {
    expect(summaryDocument(summaryOf(5))).toMatchObject({
      event: 'summary',
      due: 5,
      lost: 1,
      answered: 4,
      worst: { seq: 4, partition: 0, leader: 1, measure: 'pong', ms: 3.012, time: new Date(2026, 10, 28, 14, 3, 7).toISOString() },
    })
  })
})

describe('the exit code', () => {
  const tally = (fates: object) => ({ ...new Tallies().tally(), ...fates })

  test.each([
    [0, { due: 3, inTime: 3 }],
    [1, { due: 3, lost: 3 }],
    [1, {}],
    [1, { due: 3, late: 3 }],
    [3, { due: 4, inTime: 3, lost: 1 }],
    [3, { due: 4, inTime: 3, late: 1 }],
    [3, { due: 4, inTime: 3, refused: 1 }],
    [3, { due: 4, inTime: 3, open: 1 }],
  ])('is %i for %j', (code, fates) => expect(exitCodeOf(tally(fates))).toBe(code))
})
