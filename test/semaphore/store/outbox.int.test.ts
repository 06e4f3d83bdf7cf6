import { expect, test } from 'vitest'
import { laneOf } from '../../../semaphore/store/lanes.ts'
import {
  endSessionWhenIdle,
  movePublished,
  readPublished,
  rowsAfter,
  takeRelayLocks,
  type OutboxPosition,
} from '../../../semaphore/store/outbox.ts'
import { finish, limits, submit } from '../test-steps.ts'
import { describeStore, Store } from './store-fixture.ts'

const START: OutboxPosition = { seq: 0n, tag: 0n }
const LANE = laneOf('r', 16)
const ALL = { maxRows: 1000, maxBytes: 1e6 }

describeStore('the outbox of the semaphore', (emptyStore, database) => {
  const withStore = (use: (store: Store) => Promise<void>) => use(emptyStore())
  const after = async (store: Store, start: OutboxPosition, bounds = ALL) =>
    (await rowsAfter(store.client, new Map([[LANE, start]]), bounds)).get(LANE)

  test('has the rows of a lane in order, without gaps, with a tag for each batch', () =>
    withStore(async store => {
      await store.run(limits({ leaseMs: 5_000 }), submit('a'), submit('b'))
      await store.run(finish('a'))
      const rows = (await after(store, START))!
      expect(rows.map(({ seq, kind, commandId, token }) => [seq, kind, commandId, token])).toEqual([
        [1n, 'actionable', 'a', 1n],
        [2n, 'finished', 'a', 1n],
        [3n, 'actionable', 'b', 2n],
      ])
      expect(rows[0]).toMatchObject({ lane: LANE, resource: 'r', leaseMs: 5_000, payload: Buffer.from('payload of a') })
      expect(rows[1]!.tag).toBe(rows[2]!.tag)
      expect(rows[1]!.tag).not.toBe(rows[0]!.tag)
      expect(await after(store, rows[0]!)).toEqual(rows.slice(1))
      expect(await after(store, rows[2]!)).toEqual([])
    }))

  test('a read is bounded by rows and by bytes, and has at least one row', () =>
    withStore(async store => {
      await store.run(limits({ running: 9 }), ...['a', 'b', 'c'].map(id => submit(id, { payload: Buffer.alloc(1_000) })))
      expect(await after(store, START, { maxRows: 2, maxBytes: 1e6 })).toHaveLength(2)
      expect(await after(store, START, { maxRows: 9, maxBytes: 1_500 })).toHaveLength(2)
      expect(await after(store, START, { maxRows: 9, maxBytes: 0 })).toHaveLength(1)
    }))

  test('moves a position by compare-and-set, removes what is published, and goes on with the next number', () =>
    withStore(async store => {
      await store.run(limits({ running: 9 }), submit('a'), submit('b'))
      const [a, b] = (await after(store, START))!
      const move = (from: OutboxPosition, to: OutboxPosition) => movePublished(store.client, [{ lane: LANE, from, to }])
      expect(await move(a!, b!)).toEqual(new Set())
      expect(await move(START, { seq: a!.seq, tag: a!.tag + 1n })).toEqual(new Set())
      expect(await move(START, { seq: 9n, tag: b!.tag })).toEqual(new Set())
      expect(await store.outbox()).toEqual(['1 a 1', '1 b 2'])
      expect(await move(START, a!)).toEqual(new Set([LANE]))
      expect(await store.outbox()).toEqual(['1 b 2'])
      expect(await move(START, b!)).toEqual(new Set())
      expect(await move(a!, b!)).toEqual(new Set([LANE]))
      expect((await readPublished(store.client)).get(LANE)).toEqual({ seq: b!.seq, tag: b!.tag })
      await store.run(submit('c'))
      expect((await after(store, b!))!.map(({ seq, commandId }) => [seq, commandId])).toEqual([[3n, 'c']])
    }))

  test('a start that is not in the history of the lane, or before the published position, is reported', () =>
    withStore(async store => {
      await store.run(limits({ running: 9 }), submit('a'), submit('b'))
      const [a, b] = (await after(store, START))!
      expect(await after(store, { seq: a!.seq, tag: 5n })).toBeUndefined()
      expect(await after(store, { seq: 7n, tag: b!.tag })).toBeUndefined()
      await movePublished(store.client, [{ lane: LANE, from: START, to: a! }])
      expect(await after(store, START)).toBeUndefined()
      expect(await after(store, { seq: a!.seq, tag: 5n })).toBeUndefined()
      expect(await after(store, a!)).toEqual([b])
    }))

  test('the lock of a lane belongs to one session, and is free when that ends', () =>
    withStore(async store => {
      const other = await Store.open(database())
      expect(await takeRelayLocks(store.client, [1, 2])).toEqual([1, 2])
      expect(await takeRelayLocks(other.client, [2, 3])).toEqual([3])
      await endSessionWhenIdle(other.client, 1)
      await expect.poll(() => takeRelayLocks(store.client, [3])).toEqual([3]) // the idle session has ended
      await other.close()
    }))
})
