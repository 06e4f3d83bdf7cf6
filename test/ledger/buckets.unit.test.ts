import { describe, expect, test } from 'vitest'
import { countBuckets, planBuckets } from '../../src/ledger/buckets.ts'
import type { Queryable } from '../../src/ledger/connect.ts'

const [INT64_MIN, INT64_MAX] = [-(2n ** 63n), 2n ** 63n - 1n]

describe('adjacent buckets', () => {
  test.each<[string, readonly bigint[], ReturnType<typeof planBuckets>]>([
    ['of whole minutes are counted by minute alone', [60_000n, 120_000n, 300_000n], { minutes: [1, 2, 5], bucketOf: [0, 1], spans: [] }],
    [
      'of a range that begins and ends within a minute read the rows of these minutes',
      [59_999n, 120_000n, 180_001n],
      {
        minutes: [0, 1, 2, 3, 4],
        bucketOf: [undefined, 0, 1, undefined],
        spans: [
          [59_999n, 60_000n],
          [180_000n, 180_001n],
        ],
      },
    ],
    ['within one minute read its rows once', [1n, 2n, 3n], { minutes: [0, 1], bucketOf: [undefined], spans: [[1n, 3n]] }],
    [
      'that all begin within minutes read the rows of all, as one span',
      [-60_028n, -28n, 59_972n, 60_000n],
      { minutes: [-2, 1], bucketOf: [undefined], spans: [[-60_028n, 60_000n]] },
    ],
    [
      'that begin within minutes read the rows of only these minutes',
      [-28n, 299_972n, 600_000n],
      {
        minutes: [-1, 0, 4, 5, 10],
        bucketOf: [undefined, 0, undefined, 1],
        spans: [
          [-28n, 0n],
          [240_000n, 300_000n],
        ],
      },
    ],
    ['of an empty range are none', [5n, 5n], { minutes: [], bucketOf: [], spans: [] }],
  ])('%s', (_, bounds, plan) => {
    expect(planBuckets(bounds)).toEqual(plan)
  })

  test('are not counted on a standby, which answers no row', async () => {
    const standby = { query: async () => ({ rows: [] }) } as unknown as Queryable
    await expect(countBuckets(standby, [0n, 1n])).rejects.toThrow('Postgres answered as a standby')
  })

  test('over all int64 values stay within int64', () => {
    const { minutes, bucketOf, spans } = planBuckets([INT64_MIN, INT64_MAX])
    expect(bucketOf).toEqual([undefined, 0, undefined])
    expect(minutes).toHaveLength(4)
    expect(spans.flat().filter(time => BigInt.asIntN(64, time) !== time)).toEqual([])
  })
})
