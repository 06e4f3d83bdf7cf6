import { expect, test } from 'vitest'
import { Pool } from '../../../semaphore/store/pool.ts'
import { StoredReads } from '../../../semaphore/store/semaphore-reads.ts'
import { PageTokenError } from '../../../semaphore/terms/reads.ts'
import { silent } from '../../ledger/ledger-fixture.ts'
import { cancel, finish, limits, submit } from '../test-steps.ts'
import { DEFAULTS, describeStore, type Store } from './store-fixture.ts'

describeStore('what can be read of the semaphore', (emptyStore, database) => {
  const withStore = (use: (store: Store, reads: StoredReads) => Promise<void>) => {
    const pool = new Pool(database().config, { applicationName: 'test', max: 1, log: silent })
    return use(emptyStore(), new StoredReads(pool, DEFAULTS)).finally(() => pool.end())
  }

  test('a command shows its state and the time of each, and its payload until it is over', () =>
    withStore(async (store, reads) => {
      await store.run(limits({ leaseMs: 60_000 }), submit('a', { priority: 2 }))
      await store.run(submit('b'), submit('c', { priority: 1 }))
      const [a, b] = [await reads.command('a'), await reads.command('b')]
      expect(a).toMatchObject({ resource: 'r', state: 'running', place: 1n, priority: 2, token: 1n, payloadBytes: 12, ahead: undefined })
      expect(a!.payload?.toString()).toBe('payload of a')
      expect(a!.leaseUntilMs).toBe(a!.grantedAtMs! + 60_000)
      expect(b).toMatchObject({ state: 'waiting', token: undefined, grantedAtMs: undefined, ahead: 1 })
      expect(b!.payload?.toString()).toBe('payload of b')
      await store.run(cancel('a', { when: 'confirmed' }))
      expect(await reads.command('a')).toMatchObject({ state: 'cancelling', token: 1n })
      await store.run(finish('a'))
      const over = await reads.command('a')
      expect(over).toMatchObject({ state: 'cancelled', token: 1n, leaseUntilMs: undefined, payload: undefined, payloadBytes: 12 })
      const times = [over!.submittedAtMs, over!.grantedAtMs!, over!.cancelRequestedAtMs!, over!.endedAtMs!]
      expect(times).toEqual(times.toSorted((x, y) => x - y))
      expect(await reads.command('z')).toBeUndefined()
    }))

  test('a resource shows its limits, its numbers and who holds its slots', () =>
    withStore(async (store, reads) => {
      await store.run(limits({ running: 2, rate: { count: 1000, windowMs: 1 } }))
      await store.run(submit('a'), submit('b'), submit('c'))
      const { holders, ...resource } = (await reads.resource('r'))!
      expect(resource).toEqual({
        resource: 'r',
        limits: { ...DEFAULTS, running: 2, rate: { count: 1000, windowMs: 1 } },
        running: 2,
        waiting: 1,
        lastPlace: 3n,
        lastToken: 2n,
      })
      expect(holders.map(({ commandId, state, token }) => [commandId, state, token])).toEqual([
        ['a', 'running', 1n],
        ['b', 'running', 2n],
      ])
      expect(await reads.resource('unknown')).toBeUndefined()
    }))

  test('the queue and the resources come in pages that lead to one another, in order', () =>
    withStore(async (store, reads) => {
      await store.run(limits({ running: 0 }))
      await store.run(submit('a'), submit('b'), submit('c', { priority: 5 }), submit('d'), submit('q', { resource: 'q' }))
      const first = await reads.queue('r', { limit: 3 })
      const second = await reads.queue('r', { limit: 3, after: first.next })
      expect([...first.items, ...second.items].map(({ commandId }) => commandId)).toEqual(['c', 'a', 'b', 'd'])
      expect(second.next).toBeUndefined()
      const resources = await reads.resources({ limit: 1 })
      const rest = await reads.resources({ limit: 1, after: resources.next })
      expect([...resources.items, ...rest.items].map(({ resource, waiting }) => [resource, waiting])).toEqual([
        ['q', 0],
        ['r', 4],
      ])
      expect(rest.next).toBeUndefined()
      await store.run(limits({ running: 2 }))
      expect((await reads.queue('r', { limit: 9 })).items.map(({ commandId }) => commandId)).toEqual(['b', 'd'])
      expect((await reads.queue('r', { limit: 9, after: first.next })).items.map(({ commandId }) => commandId)).toEqual(['d'])
    }))

  test.each(['', 'x', Buffer.from('["1"]').toString('base64url'), Buffer.from('["1","x"]').toString('base64url')])(
    'a page token that no page returned is refused: %j',
    token => withStore(async (_, reads) => expect(reads.queue('r', { limit: 1, after: token })).rejects.toThrow(PageTokenError)),
  )

  test('the totals count every state over all resources', () =>
    withStore(async (store, reads) => {
      await store.run(...['a', 'b', 'c', 'd'].map(id => submit(id, { resource: id })), submit('e', { resource: 'a' }))
      await store.run(submit('f', { resource: 'a' }), finish('a', { resource: 'a' }), cancel('b', { resource: 'b' }))
      await store.run(cancel('f', { resource: 'a' }), cancel('c', { resource: 'c', when: 'confirmed' }))
      const totals = { accepted: 6n, granted: 5n, waiting: 0n, running: 3n, finished: 1n, cancelled: 2n, expired: 0n }
      expect(await reads.totals()).toEqual(totals)
    }))
})
