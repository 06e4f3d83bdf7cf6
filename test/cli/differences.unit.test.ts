import { describe, expect, test } from 'vitest'
import type { CacheEvidence, Evidence, LedgerEvidence, ServerEvidence } from '../../src/cli/verify/evidence.ts'
import { findDifferences } from '../../src/cli/verify/find-differences.ts'
import { toDocument, toText } from '../../src/cli/verify/verify-report.ts'

const HEADS = [
  { seq: 3n, tag: 30n },
  { seq: 0n, tag: 0n },
  { seq: 2n, tag: 20n },
] as const
const MINUTES = new Map([
  [-1, 1n],
  [7, 4n],
])

const HOLDS = { published: true, applied: true }

const ledger: LedgerEvidence = {
  lanes: HEADS.map((head, lane) => ({
    lane,
    head,
    rows: head.seq,
    published: head,
    folded: { seq: 0n, tag: 0n },
    goal: head.seq,
    holds: HOLDS,
  })),
  minutes: MINUTES,
  rollup: MINUTES,
  appliedMinutes: MINUTES,
}
const cache: CacheEvidence = { total: 5n, minutesFrom: -Infinity, minutesTo: 100, applied: HEADS, minutes: MINUTES }
const answer = { count: 5n, source: 'cache', ageMs: 12 }
const server: ServerEvidence = { cached: answer, strong: { ...answer, source: 'database' }, totalAfter: 5n }

function evidence(
  changes: { ledger?: Partial<LedgerEvidence>; cache?: Partial<CacheEvidence>; server?: Partial<ServerEvidence> } = {},
): Evidence {
  return {
    ledger: { ...ledger, ...changes.ledger },
    cache: { kind: 'read', value: { ...cache, ...changes.cache } },
    server: { kind: 'read', value: { ...server, ...changes.server } },
    topic: true,
  }
}

function lanesWith(lane: number, change: Partial<LedgerEvidence['lanes'][number]>): LedgerEvidence['lanes'] {
  return ledger.lanes.map(one => (one.lane === lane ? { ...one, ...change } : one))
}

/** The cache has applied a position that is not in the lane. */
function strayApplied(lane: number): { ledger: Partial<LedgerEvidence> } {
  return { ledger: { lanes: lanesWith(lane, { holds: { published: true, applied: false } }) } }
}

function appliedWith(lane: number, position: { seq: bigint; tag: bigint }): CacheEvidence['applied'] {
  return HEADS.map((head, index) => (index === lane ? position : head))
}

describe('the differences that verify finds', () => {
  test('are empty if all parts agree', () => expect(findDifferences(evidence())).toEqual([]))

  test.each<[string, Evidence, string]>([
    ['a missing row', evidence({ ledger: { lanes: lanesWith(0, { rows: 2n }) } }), 'lane 0: its head is 3, but it has 2 rows'],
    [
      'a fold beyond the head',
      evidence({ ledger: { lanes: lanesWith(2, { folded: { seq: 9n, tag: 1n } }) } }),
      'lane 2: folded up to 9, but its head is 2',
    ],
    [
      'a wrong rollup',
      evidence({ ledger: { rollup: new Map([[7, 4n]]) } }),
      'minute -1 (1969-12-31T23:59Z): the rollup has 0, Postgres has 1 rows',
    ],
    [
      'a cache that lags',
      evidence({ cache: { total: 3n, applied: appliedWith(0, { seq: 1n, tag: 30n }) } }),
      'lane 0: applied up to 1, 2 behind its head 3',
    ],
    [
      'a cache that is ahead',
      evidence({ ...strayApplied(1), cache: { total: 6n, applied: appliedWith(1, { seq: 1n, tag: 5n }) } }),
      'lane 1: applied up to 1, but its head is 0: it belongs to another history',
    ],
    [
      'a cache of another history',
      evidence({ ...strayApplied(2), cache: { applied: appliedWith(2, { seq: 2n, tag: 21n }) } }),
      "lane 2: applied up to 2 with tag 21, but the head's tag is 20: it belongs to another history",
    ],
    ['a cache without a lane', evidence({ cache: { total: 3n, applied: HEADS.slice(0, 2) } }), 'lane 2: not in the cache'],
    ['a total too high', evidence({ cache: { total: 6n } }), 'total: the cache has 6, the sum of its lanes is 5 (1 too many)'],
    ['a total too low', evidence({ cache: { total: 3n } }), 'total: the cache has 3, the sum of its lanes is 5 (2 missing)'],
    [
      'a minute too high',
      evidence({ cache: { minutes: new Map([...MINUTES, [7, 5n]]) } }),
      'minute 7 (1970-01-01T00:07Z): the cache has 5, Postgres has 4 rows',
    ],
    [
      'an extra minute',
      evidence({ cache: { minutes: new Map([...MINUTES, [8, 1n]]) } }),
      'minute 8 (1970-01-01T00:08Z): the cache has 1, Postgres has 0 rows',
    ],
    [
      'a server with another count',
      evidence({ server: { cached: { ...answer, count: 4n } } }),
      'total: PingCount (default) says 4, Postgres has 5 rows (1 missing)',
    ],
    [
      'a wrong strong count',
      evidence({ server: { strong: { ...answer, count: 6n } } }),
      'total: PingCount (strong) says 6, Postgres has 5 rows (1 too many)',
    ],
    [
      'a relay that lags',
      evidence({ ledger: { lanes: lanesWith(2, { published: { seq: 0n, tag: 0n } }) } }),
      'lane 2: published up to 0, 2 behind its head 2 (is Kafka down? --no-topic skips the published positions)',
    ],
    [
      'a relay that is ahead',
      evidence({ ledger: { lanes: lanesWith(1, { published: { seq: 4n, tag: 9n }, holds: { published: false, applied: true } }) } }),
      'lane 1: published up to 4, but its head is 0: it belongs to another history',
    ],
  ])('include %s', (_, parts, message) => expect(findDifferences(parts)).toEqual([message]))

  test('are empty if pings are recorded after verify began', () => {
    const head = { seq: 9n, tag: 90n }
    const since = {
      lanes: lanesWith(0, { head, rows: 9n, published: { seq: 4n, tag: 40n } }),
      minutes: new Map([...MINUTES, [8, 6n]]),
      rollup: new Map([...MINUTES, [8, 6n]]),
    }
    expect(findDifferences(evidence({ ledger: since, server: { strong: { ...answer, count: 12n }, totalAfter: 13n } }))).toEqual([])
  })

  test.each<[string, Evidence, string]>([
    [
      'a head that moved backwards',
      evidence({ ledger: { lanes: lanesWith(0, { goal: 4n }) } }),
      'lane 0: its head is 3, but was 4 when verify began',
    ],
    [
      'a position below the head that is of another history',
      evidence({
        ledger: { lanes: lanesWith(0, { goal: 2n, published: { seq: 2n, tag: 7n }, holds: { published: false, applied: true } }) },
      }),
      'lane 0: published up to 2 with tag 7, but its row has another tag: it belongs to another history',
    ],
    [
      'a minute of the applied rows',
      evidence({ ledger: { appliedMinutes: new Map([...MINUTES, [7, 3n]]) } }),
      'minute 7 (1970-01-01T00:07Z): the cache has 4, Postgres has 3 rows',
    ],
    [
      'a strong count that lacks earlier pings',
      evidence({ server: { strong: { ...answer, count: 4n }, totalAfter: 9n } }),
      'total: PingCount (strong) says 4, Postgres has 5 rows (1 missing)',
    ],
    [
      'a count above everything recorded',
      evidence({ server: { cached: { ...answer, count: 9n }, totalAfter: 8n } }),
      'total: PingCount (default) says 9, Postgres has 8 rows (1 too many)',
    ],
  ])('include, while pings are recorded, %s', (_, parts, message) => expect(findDifferences(parts)).toContain(message))

  test('ignore the published positions if the topic is skipped', () => {
    const lagging = evidence({ ledger: { lanes: lanesWith(2, { published: { seq: 0n, tag: 0n } }) } })
    expect(findDifferences({ ...lagging, topic: false })).toEqual([])
  })

  test('list three minutes and count the others', () => {
    const minutes = new Map([...MINUTES, [20, 1n], [21, 1n], [22, 1n], [23, 1n], [24, 1n]])
    const found = findDifferences(evidence({ cache: { minutes } }))
    expect(found).toHaveLength(4)
    expect(found[0]).toContain('minute 20 ')
    expect(found[3]).toBe('… and 2 more minutes of the cache')
  })

  test('include an unreachable cache, but not an unreachable server', () => {
    const away = { kind: 'away', reason: 'no answer' } as const
    expect(findDifferences({ ledger, cache: away, server: away, topic: true })).toEqual(['the cache cannot be read: no answer'])
  })
})

describe('the report of verify', () => {
  test('is a table with a verdict', () => {
    expect(toText(evidence(), []).split('\n')).toEqual([
      'lane  head  rows  published  applied  lag',
      '   0     3     3          3        3    0',
      '   1     0     0          0        0    0',
      '   2     2     2          2        2    0',
      ' sum     5     5          5        5    0',
      '',
      'total:   sum of heads 5 · COUNT(*) 5 · cache 5 · PingCount 5 from the cache, 12 ms old · PingCount strong 5',
      'minutes: 2 by COUNT(*), 2 in the rollup, 2 in the cache, which covers the first ping to 1970-01-01T01:40Z',
      '',
      'OK',
    ])
  })

  test('names the first difference and how many more there are', () => {
    expect(toText(evidence(), ['first', 'second']).split('\n').at(-1)).toBe('DIFFERENCE: first (and 1 more: --json lists all)')
  })

  test('says which parts were skipped or unreachable', () => {
    const text = toText({ ledger, cache: { kind: 'left out' }, server: { kind: 'away', reason: 'unavailable: gone' }, topic: false }, [])
    expect(text).toContain('   0     3     3          3        –    –\n')
    expect(text).toContain('cache:   skipped by --no-cache\n')
    expect(text).toContain('topic:   skipped by --no-topic\n')
    expect(text).toContain('server:  no answer: unavailable: gone\n')
  })

  test('is one document with --json', () => {
    expect(toDocument(evidence(), [])).toMatchObject({
      ok: true,
      differences: [],
      total: { heads: 5n, rows: 5n, cache: 5n, server: 5n, serverStrong: 5n },
      lanes: [{ lane: 0, head: { seq: 3n, tag: '30' }, applied: { seq: 3n, tag: '30' }, lag: 0n }, {}, {}],
    })
  })
})
