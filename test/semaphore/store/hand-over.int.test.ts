import { expect, test } from 'vitest'
import type { HandOver } from '../../../semaphore/store/hand-over.ts'
import { movePublished, readPublished, rowsAfter } from '../../../semaphore/store/outbox.ts'
import type { Step } from '../../../semaphore/terms/step.ts'
import { cancel, finish, limits, submit } from '../test-steps.ts'
import { describeStore, type Store } from './store-fixture.ts'

const ALL = { maxRows: 1_000, maxBytes: 1e6 }
const LANES = Array.from({ length: 16 }, (_, lane) => lane)

describeStore('the hand-over of a batch of steps', emptyStore => {
  /** What is handed over, and what a read finds after the same positions. */
  async function both(
    store: Store,
    ...steps: readonly Step[]
  ): Promise<{ given: readonly HandOver[] | undefined; read: readonly HandOver[] }> {
    const starts = await heads(store)
    const { handOvers } = await store.take(steps)
    const read = await rowsAfter(store.client, starts, ALL)
    const written = LANES.map(lane => ({ lane, before: starts.get(lane)!, rows: read.get(lane)! })).filter(({ rows }) => rows.length > 0)
    return { given: handOvers?.toSorted((a, b) => a.lane - b.lane), read: written }
  }

  /** The last position of each lane. */
  async function heads(store: Store) {
    const published = await readPublished(store.client)
    const read = await rowsAfter(store.client, published, ALL)
    return new Map(LANES.map(lane => [lane, position(read.get(lane)!.at(-1) ?? published.get(lane)!)]))
  }

  const position = ({ seq, tag }: { readonly seq: bigint; readonly tag: bigint }) => ({ seq, tag })
  const kindsOf = (given: readonly HandOver[] | undefined) => given?.flatMap(({ rows }) => rows.map(({ kind }) => kind))

  test('has the rows that it wrote, by lane, each lane from its head on', async () => {
    const store = emptyStore()
    const first = await both(store, limits({ leaseMs: 60_000 }), submit('a'), submit('b'), submit('c'))
    expect(kindsOf(first.given)).toEqual(['actionable'])
    expect(first.given).toEqual(first.read)
    const others = ['x', 'y', 'z'].map(name => submit(name, { resource: name }))
    const second = await both(store, finish('a'), cancel('c'), ...others)
    expect(kindsOf(second.given)?.toSorted()).toEqual(['actionable', 'actionable', 'actionable', 'actionable', 'cancelled', 'finished'])
    expect(second.given).toEqual(second.read)
    const moves = second.given!.map(({ lane, rows }) => ({ lane, to: position(rows.at(-1)!) }))
    const published = await readPublished(store.client)
    await movePublished(
      store.client,
      moves.map(move => ({ ...move, from: published.get(move.lane)! })),
    )
    const third = await both(store, cancel('b', { when: 'confirmed' }))
    expect(kindsOf(third.given)).toEqual(['cancelling'])
    expect(third.given).toEqual(third.read)
  })

  test('has nothing if nothing was written', async () => {
    const store = emptyStore()
    await store.run(submit('a'))
    expect((await both(store, submit('b'), finish('unknown'))).given).toEqual([])
  })

  test('is left to a read if rows of other kinds were written, or too much', async () => {
    const store = emptyStore()
    await store.run(limits({ waiting: 0 }), submit('a'))
    const refused = await both(store, submit('b', { announceRefusal: true }))
    expect([refused.given, refused.read.length]).toEqual([undefined, 1])
    expect((await both(store, submit('b'))).given).toEqual([])
    const large = { payload: Buffer.alloc(65_537), resource: 'large' }
    expect((await both(store, submit('c', large))).given).toBeUndefined()
    const many = Array.from({ length: 33 }, (_, number) => submit(`many ${number}`, { resource: 'many' }))
    expect((await both(store, ...many)).given).toBeUndefined()
    await store.run(limits({ resource: 'lease', leaseMs: 1 }), submit('e', { resource: 'lease' }))
    await store.rows('select pg_sleep(0.01)')
    const expired = await both(store, submit('f', { resource: 'lease' }))
    expect(expired.given).toBeUndefined()
    expect(expired.read.flatMap(({ rows }) => rows.map(({ kind, commandId }) => `${kind} ${commandId}`))).toEqual([
      'expired e',
      'actionable f',
    ])
  })
})
