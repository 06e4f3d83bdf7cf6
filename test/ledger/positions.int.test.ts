import { expect, test } from 'vitest'
import { changedHeads } from '../../src/ledger/changed-heads.ts'
import { checkHeads, readHeads } from '../../src/ledger/heads.ts'
import { acceptsWrites } from '../../src/ledger/lanes.ts'
import { fold, foldCounts, movePublished, readPositions, unfold, type CountedFold } from '../../src/ledger/positions.ts'
import { endSessionWhenIdle, takeRelayLocks } from '../../src/ledger/relay-locks.ts'
import { rowsAfter } from '../../src/ledger/rows-after.ts'
import type { Client } from '../../src/postgres/pg-types.ts'
import { START, type Position } from '../../src/terms/position.ts'
import { firstOrAll } from '../support/depth.ts'
import { describeOnPostgres, pingsAt, record, rowsOf, setUp, withClient } from './ledger-fixture.ts'

/** Three batches of two pings in lane 0: the positions at their ends. */
async function threeBatches(client: Client): Promise<readonly [Position, Position, Position]> {
  const ends: Position[] = []
  for (let n = 1n; n <= 3n; n++) ends.push({ seq: 2n * n, tag: (await record(client, 0, pingsAt(0, 60_000))).tag })
  return ends as unknown as readonly [Position, Position, Position]
}

/** The lane's last rows are lost, as after a failover, and others get their numbers. */
async function loseTail(client: Client, afterSeq: bigint): Promise<void> {
  await client.query('delete from pings where lane = 0 and seq > $1', [String(afterSeq)])
}

describeOnPostgres('a published position', database => {
  test('moves only in the lanes where it is at the expected start', async () => {
    await setUp(database(), 3)
    await withClient(database(), async client => {
      const [one, two] = await threeBatches(client)
      const other = { seq: 1n, tag: (await record(client, 2, pingsAt(1))).tag }
      expect(
        await movePublished(client, [
          { lane: 0, from: START, to: one },
          { lane: 2, from: START, to: other },
        ]),
      ).toEqual(new Set([0, 2]))
      expect(
        await movePublished(client, [
          { lane: 0, from: one, to: two },
          { lane: 2, from: START, to: other },
        ]),
      ).toEqual(new Set([0]))
      expect((await readPositions(client)).map(({ published }) => published)).toEqual([two, START, other])
    })
  })

  test('does not move for a stale relay that started elsewhere, by seq or by tag', async () => {
    await setUp(database(), 1)
    await withClient(database(), async client => {
      const [one, two, three] = await threeBatches(client)
      await movePublished(client, [{ lane: 0, from: START, to: two }])
      expect(await movePublished(client, [{ lane: 0, from: START, to: one }])).toEqual(new Set())
      expect(await movePublished(client, [{ lane: 0, from: one, to: three }])).toEqual(new Set())
      expect(await movePublished(client, [{ lane: 0, from: { ...two, tag: one.tag }, to: three }])).toEqual(new Set())
      expect((await readPositions(client))[0]!.published).toEqual(two)
    })
  })

  test('does not move to a row of another history', async () => {
    await setUp(database(), 1)
    await withClient(database(), async client => {
      const [one, two, three] = await threeBatches(client)
      await loseTail(client, 2n)
      expect(await movePublished(client, [{ lane: 0, from: START, to: three }])).toEqual(new Set())
      await record(client, 0, pingsAt(5, 6)) // two's numbers, other pings
      expect(await movePublished(client, [{ lane: 0, from: START, to: two }])).toEqual(new Set())
      expect(await movePublished(client, [{ lane: 0, from: START, to: one }])).toEqual(new Set([0]))
    })
  })
})

describeOnPostgres('a fold', database => {
  test('continues where the last one ended, up to a limit, and counts each row once', async () => {
    await setUp(database(), 1)
    await withClient(database(), async client => {
      const [, two] = await threeBatches(client)
      expect(await fold(client, 0, 4)).toBe(4n)
      expect((await readPositions(client))[0]!.folded).toEqual(two)
      expect([await fold(client, 0, 4), await fold(client, 0, 4)]).toEqual([2n, 0n])
      expect(await rowsOf(database(), 'select minute, count from ping_minutes order by 1')).toEqual([
        { minute: 0n, count: 3n },
        { minute: 1n, count: 3n },
      ])
    })
  })

  test('by many sessions at once counts each row once', async () => {
    await setUp(database(), 1)
    await withClient(database(), client => record(client, 0, pingsAt(...Array.from({ length: 300 }, (_, n) => n * 1_000))))
    const folded = await Promise.all(
      Array.from({ length: 5 }, () =>
        withClient(database(), async client => {
          let sum = 0n
          for (let n = 0; n < 10; n++) sum += (await fold(client, 0, 10))!
          return sum
        }),
      ),
    )
    expect(folded.reduce((sum, each) => sum + each)).toBe(300n)
    expect(await rowsOf(database(), 'select minute, count from ping_minutes order by 1')).toEqual(
      [0n, 1n, 2n, 3n, 4n].map(minute => ({ minute, count: 60n })),
    )
  })

  test('of another history is detected, and repeated after it was forgotten', async () => {
    await setUp(database(), 1)
    await withClient(database(), async client => {
      await threeBatches(client)
      await fold(client, 0, 4)
      await loseTail(client, 2n)
      await record(client, 0, pingsAt(600_000, 600_001, 600_002))
      expect(await fold(client, 0, 100)).toBeUndefined()
      await unfold(client, 0)
      expect(await fold(client, 0, 100)).toBe(5n)
      expect(await rowsOf(database(), 'select minute, count from ping_minutes order by 1')).toEqual([
        { minute: 0n, count: 1n },
        { minute: 1n, count: 1n },
        { minute: 10n, count: 3n },
      ])
    })
  })
})

describeOnPostgres('a fold of counts', database => {
  const minutesOf = () => rowsOf(database(), 'select minute, lane, count from ping_minutes order by 1, 2')
  const foldedOf = async (client: Client) => (await readPositions(client)).map(({ folded }) => folded)
  const twoEach = new Map([
    [0, 1],
    [1, 1],
  ])

  test('adds to the rollup and moves the position of every lane that is where the counts begin', async () => {
    await setUp(database(), 3)
    await withClient(database(), async client => {
      const [one, two, three] = await threeBatches(client)
      const other = { seq: 2n, tag: (await record(client, 2, pingsAt(-1, 60_000))).tag }
      const otherFold: CountedFold = {
        lane: 2,
        from: START,
        to: other,
        minutes: new Map([
          [-1, 1],
          [1, 1],
        ]),
      }
      expect(
        await foldCounts(client, [
          {
            lane: 0,
            from: START,
            to: two,
            minutes: new Map([
              [0, 2],
              [1, 2],
            ]),
          },
          otherFold,
        ]),
      ).toEqual(new Set([0, 2]))
      expect(await foldCounts(client, [{ lane: 0, from: two, to: three, minutes: twoEach }, otherFold])).toEqual(new Set([0]))
      expect(await foldedOf(client)).toEqual([three, START, other])
      expect(await minutesOf()).toEqual([
        { minute: -1n, lane: 2, count: 1n },
        { minute: 0n, lane: 0, count: 3n },
        { minute: 1n, lane: 0, count: 3n },
        { minute: 1n, lane: 2, count: 1n },
      ])
      expect(await fold(client, 0, 100)).toBe(0n)
      expect(one.seq).toBe(2n)
    })
  })

  test.each<[string, (ends: readonly [Position, Position, Position]) => Omit<CountedFold, 'lane'>]>(
    firstOrAll(
      [
        ['that begins elsewhere', ([, two, three]) => ({ from: two, to: three, minutes: twoEach })],
        [
          'that begins in another history',
          ([one, two, three]) => ({ from: { ...one, tag: two.tag }, to: three, minutes: new Map([[0, 4]]) }),
        ],
        ['that counts too few', ([one, two]) => ({ from: one, to: two, minutes: new Map([[0, 1]]) })],
        ['that ends in another history', ([one, two]) => ({ from: one, to: { ...two, tag: one.tag }, minutes: twoEach })],
        ['that ends beyond the head', ([one, , three]) => ({ from: one, to: { ...three, seq: 8n }, minutes: new Map([[0, 6]]) })],
        ['that counts too many', ([one, two]) => ({ from: one, to: two, minutes: new Map([[0, 3]]) })],
      ],
      3,
    ),
  )('%s does nothing', async (_, counted) => {
    await setUp(database(), 1)
    await withClient(database(), async client => {
      const ends = await threeBatches(client)
      await fold(client, 0, 2)
      const before = await minutesOf()
      expect(await foldCounts(client, [{ lane: 0, ...counted(ends) }])).toEqual(new Set())
      expect([await foldedOf(client), await minutesOf()]).toEqual([[ends[0]], before])
    })
  })

  test('by many sessions at once counts once', async () => {
    await setUp(database(), 4)
    const folds: CountedFold[] = []
    await withClient(database(), async client => {
      for (let lane = 0; lane < 4; lane++)
        folds.push({ lane, from: START, to: { seq: 2n, tag: (await record(client, lane, pingsAt(0, 60_000))).tag }, minutes: twoEach })
    })
    const folded = await Promise.all(
      Array.from({ length: 6 }, (_, n) => withClient(database(), client => foldCounts(client, n % 2 ? folds : folds.toReversed()))),
    )
    expect(folded.flatMap(lanes => [...lanes]).toSorted()).toEqual([0, 1, 2, 3])
    expect(await rowsOf(database(), 'select sum(count)::int as sum from ping_minutes')).toEqual([{ sum: 8 }])
  })
})

describeOnPostgres('the heads', database => {
  test('are read again only if a transaction has ended since, no matter whose', async () => {
    await setUp(database(), 2)
    await withClient(database(), other =>
      withClient(database(), async client => {
        await record(client, 1, pingsAt(1, 2))
        await other.query('begin')
        await record(other, 0, pingsAt(3))
        let first = await changedHeads(client, undefined)
        const changed = async () => {
          first = await changedHeads(client, undefined)
          return changedHeads(client, first!.snapshot)
        }
        await expect.poll(changed, { timeout: 50_000, interval: 1 }).toBeUndefined() // unless another test's transaction ended in between
        expect(first?.heads.map(({ lane, seq }) => [lane, seq])).toEqual([
          [0, 0n],
          [1, 2n],
        ])
        await other.query('commit') // begun before the look
        const second = await changedHeads(client, first!.snapshot)
        expect(second?.heads.map(({ seq }) => seq)).toEqual([1n, 2n])
        await client.query('delete from pings where lane = 1 and seq = 2')
        expect((await changedHeads(client, second!.snapshot))?.heads.map(({ seq }) => seq)).toEqual([1n, 1n])
      }),
    )
  })
})

describeOnPostgres('a position', database => {
  test('is checked together with the heads: present, foreign, missing, the start, an unknown lane', async () => {
    await setUp(database(), 4)
    await withClient(database(), async client => {
      const [one, two, three] = await threeBatches(client)
      const checked = (positions: ReadonlyMap<number, Position>) => checkHeads(client, positions)
      expect((await checked(new Map([[0, one]])))[0]).toEqual({ lane: 0, ...three, holds: true })
      expect((await checked(new Map([[0, { ...two, tag: one.tag }]])))[0]!.holds).toBe(false)
      expect((await checked(new Map([[0, { seq: 7n, tag: three.tag }]])))[0]!.holds).toBe(false)
      const others = await checked(
        new Map([
          [0, START],
          [1, START],
          [2, { seq: 0n, tag: 5n }],
          [9, START],
        ]),
      )
      expect(others.map(({ lane, seq, holds }) => [lane, seq, holds])).toEqual([
        [0, 6n, true],
        [1, 0n, true],
        [2, 0n, false],
        [3, 0n, false],
      ])
    })
  })

  test('leads to the rows after it, and to undefined if it is of another history', async () => {
    await setUp(database(), 3)
    await withClient(database(), async client => {
      const [one, two] = await threeBatches(client)
      await record(client, 1, pingsAt(1, 2))
      const read = await rowsAfter(
        client,
        new Map([
          [0, one],
          [1, START],
          [2, START],
        ]),
        3,
      )
      expect(read.get(0)!.map(({ seq }) => seq)).toEqual([3n, 4n, 5n])
      expect(read.get(1)!.map(({ seq }) => seq)).toEqual([1n, 2n])
      expect(read.get(2)).toEqual([])
      expect((await rowsAfter(client, new Map([[0, { ...one, tag: two.tag }]]), 3)).get(0)).toBeUndefined()
      expect((await rowsAfter(client, new Map([[0, { ...two, seq: 9n }]]), 3)).get(0)).toBeUndefined()
    })
  })
})

describeOnPostgres('a relay lock', database => {
  test('belongs to one session until that ends, and does not block batches', async () => {
    await setUp(database(), 3)
    await withClient(database(), async second => {
      await withClient(database(), async first => {
        expect(await takeRelayLocks(first, [0, 1])).toEqual([0, 1])
        expect(await takeRelayLocks(second, [0, 1, 2])).toEqual([2])
        expect((await record(second, 0, pingsAt(1))).lane).toBe(0)
      })
      await expect.poll(() => takeRelayLocks(second, [0, 1])).toEqual([0, 1])
    })
  })

  test('is lost by an idle session', async () => {
    await setUp(database(), 1)
    await withClient(database(), async frozen => {
      await takeRelayLocks(frozen, [0])
      await endSessionWhenIdle(frozen, 200)
      await withClient(database(), second => expect.poll(() => takeRelayLocks(second, [0])).toEqual([0]))
      await expect(frozen.query('select 1')).rejects.toThrow()
    })
  })
})

describeOnPostgres('a server accepts writes', database => {
  test('unless it is read-only', async () => {
    await setUp(database(), 1)
    await withClient(database(), async client => {
      expect(await acceptsWrites(client)).toBe(true)
      await client.query('set default_transaction_read_only = on')
      expect(await acceptsWrites(client)).toBe(false)
      expect(await readHeads(client)).toEqual([{ lane: 0, ...START }])
    })
  })

  test('unless its tables are missing', async () => {
    await setUp(database(), 1)
    await withClient(database(), async client => {
      await client.query('drop table pings')
      expect(await acceptsWrites(client)).toBe(false)
    })
  })
})
