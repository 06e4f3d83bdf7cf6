import { expect, test } from 'vitest'
import { cancel, extend, finish, limits, submit } from '../test-steps.ts'
import { DEFAULTS, describeStore, type Store } from './store-fixture.ts'

const HOUR_MS = 3_600_000

describeStore('steps of the semaphore', emptyStore => {
  const withStore = (use: (store: Store) => Promise<void>) => use(emptyStore())
  /** Lets every lease end. Only Postgres' clock counts, so the rows move instead. */
  const endLeases = (store: Store) => store.rows("update slots set lease_until = lease_until - interval '2 hours'")
  const grantsOf = async (store: Store) => (await store.outbox()).filter(line => line.startsWith('1 '))

  test('a command is granted at once while a slot is free, and waits for its turn otherwise', () =>
    withStore(async store => {
      expect(await store.run(limits({ running: 2 }))).toMatchObject([{ outcome: 'set', limits: { running: 2, waiting: 1000 } }])
      expect(await store.run(submit('a'), submit('b'), submit('c'))).toEqual([
        { outcome: 'accepted', place: 1n, token: 1n },
        { outcome: 'accepted', place: 2n, token: 2n },
        { outcome: 'accepted', place: 3n, token: undefined },
      ])
      expect(await store.run(finish('b', { token: 2n }))).toEqual([{ outcome: 'finished', state: 'finished', token: 2n }])
      expect(await store.outbox()).toEqual(['1 a 1', '1 b 2', '4 b 2', '1 c 3'])
    }))

  test('all slots that are freed together are given on in the same transaction', () =>
    withStore(async store => {
      await store.run(limits({ running: 3 }), ...['a', 'b', 'c', 'd', 'e', 'f', 'g'].map(id => submit(id)))
      await store.run(finish('a'), cancel('b'), finish('c'))
      expect(await grantsOf(store)).toEqual(['1 a 1', '1 b 2', '1 c 3', '1 d 4', '1 e 5', '1 f 6'])
    }))

  test('a repeated id gets no second place, in whatever state the command is', () =>
    withStore(async store => {
      await store.run(submit('a'), submit('b'))
      const repeated = { outcome: 'repeated', place: 1n, token: 1n }
      expect(await store.run(submit('a'), submit('b'))).toEqual([
        { ...repeated, state: 'running' },
        { ...repeated, place: 2n, state: 'waiting', token: undefined },
      ])
      await store.run(cancel('a', { when: 'confirmed' }))
      expect(await store.run(submit('a'))).toEqual([{ ...repeated, state: 'cancelling' }])
      await store.run(finish('a'))
      expect(await store.run(submit('a'))).toEqual([{ ...repeated, state: 'cancelled' }])
      expect(await grantsOf(store)).toEqual(['1 a 1', '1 b 2'])
    }))

  test('a known id with another resource or payload is a conflict and changes nothing', () =>
    withStore(async store => {
      await store.run(submit('a'))
      expect(await store.run(submit('a', { resource: 'q' }))).toEqual([{ outcome: 'conflict', differs: 'resource', resource: 'r' }])
      expect(await store.run(submit('a', { payload: Buffer.of(0) }))).toEqual([{ outcome: 'conflict', differs: 'payload', resource: 'r' }])
      expect(await store.outbox()).toEqual(['1 a 1'])
      await store.run(submit('a', { resource: 'q', announceRefusal: true }))
      expect((await store.outbox()).toSorted()).toEqual(['1 a 1', '8 a'])
    }))

  test('only a running command can be finished or extended: others change nothing and are answered with what they are', () =>
    withStore(async store => {
      await store.run(submit('a'), submit('b'))
      expect(await store.run(finish('b'), finish('x'), finish('a', { resource: 'q' }))).toEqual([
        { outcome: 'notRunning', state: 'waiting' },
        { outcome: 'unknown' },
        { outcome: 'unknown' },
      ])
      expect(await store.run(extend('a'), extend('b'), extend('x'))).toEqual([
        { outcome: 'noLease' },
        { outcome: 'notRunning', state: 'waiting' },
        { outcome: 'unknown' },
      ])
      await store.run(finish('a'))
      expect(await store.run(finish('a'), cancel('x'))).toEqual([
        { outcome: 'already', state: 'finished', isRepeat: true, token: 1n },
        { outcome: 'unknown' },
      ])
      expect(await store.outbox()).toEqual(['1 a 1', '4 a 1', '1 b 2'])
    }))

  test('another token finishes, extends and cancels nothing, and the answer names the current one', () =>
    withStore(async store => {
      await store.run(submit('a'), submit('b'))
      const stale = { outcome: 'staleToken', token: 1n }
      for (const step of [finish('a', { token: 2n }), extend('a', { token: 2n }), cancel('a', { token: 2n })]) {
        expect(await store.run(step)).toEqual([stale])
      }
      expect(await store.outbox()).toEqual(['1 a 1'])
    }))

  test('tokens of a resource only grow, also after every slot was freed', () =>
    withStore(async store => {
      for (const id of ['a', 'b', 'c']) await store.run(submit(id)).then(() => store.run(finish(id)))
      expect(await grantsOf(store)).toEqual(['1 a 1', '1 b 2', '1 c 3'])
    }))

  test('a full queue refuses before it accepts, and takes the same id once there is room', () =>
    withStore(async store => {
      await store.run(limits({ running: 1, waiting: 1 }))
      expect(await store.run(submit('a'), submit('b'), submit('c'), submit('d'))).toMatchObject([
        { outcome: 'accepted', token: 1n },
        { outcome: 'accepted' },
        { outcome: 'full', limit: 1 },
        { outcome: 'full', limit: 1 },
      ])
      expect(await store.run(submit('c', { announceRefusal: true }))).toEqual([{ outcome: 'full', limit: 1, waiting: 1 }])
      expect(await store.outbox()).toEqual(['1 a 1', '7 c'])
      expect(await store.run(finish('a'), submit('c'))).toMatchObject([{ outcome: 'finished' }, { outcome: 'accepted', place: 3n }])
    }))

  test('the more urgent command is granted first, equal ones in the order of their commits', () =>
    withStore(async store => {
      await store.run(submit('x'))
      await store.run(submit('a', { priority: 1 }), submit('b', { priority: 9 }), submit('c', { priority: 1 }))
      await store.run(submit('d', { priority: 9 }), submit('e'))
      for (const id of ['x', 'b', 'd', 'a', 'c', 'e']) await store.run(finish(id))
      expect(await grantsOf(store)).toEqual(['1 x 1', '1 b 2', '1 d 3', '1 a 4', '1 c 5', '1 e 6'])
    }))

  test('a command that has waited long enough is granted before a more urgent one: priorities age', () =>
    withStore(async store => {
      await store.run(limits({ ageingMs: 1 }), submit('x'), submit('old'))
      await store.rows('select pg_sleep(0.02)')
      await store.run(submit('urgent', { priority: 9 }))
      await store.run(finish('x'))
      expect(await grantsOf(store)).toEqual(['1 x 1', '1 old 2'])
    }))

  test('equal priorities keep their order when ageing is raised, and when the clock of Postgres goes back', () =>
    withStore(async store => {
      await store.run(submit('x'))
      await store.run(submit('a', { priority: 5 }))
      await store.run(limits({ ageingMs: HOUR_MS }))
      await store.run(submit('b', { priority: 5 }))
      await store.rows('update resources set clock_us = clock_us + 3600000000') // as if b had come in an hour
      await store.run(submit('c', { priority: 5 }))
      await store.run(submit('d', { priority: 5 }))
      for (const id of ['x', 'a', 'b', 'c']) await store.run(finish(id))
      expect(await grantsOf(store)).toEqual(['1 x 1', '1 a 2', '1 b 3', '1 c 4', '1 d 5'])
    }))

  test('equal priorities keep their order when another program has a higher default of ageing', () =>
    withStore(async store => {
      await store.run(submit('x'))
      await store.run(submit('a', { priority: 5 }))
      await store.take([submit('b', { priority: 5 })], { defaults: { ...DEFAULTS, ageingMs: HOUR_MS } })
      await store.run(submit('c', { priority: 5 }))
      for (const id of ['x', 'a', 'b']) await store.run(finish(id))
      expect(await grantsOf(store)).toEqual(['1 x 1', '1 a 2', '1 b 3', '1 c 4'])
    }))

  test('a waiting command is cancelled at once, a running one now or when its holder confirms, once or again', () =>
    withStore(async store => {
      await store.run(submit('a'), submit('b'), submit('c'))
      expect(await store.run(cancel('b'))).toEqual([{ outcome: 'cancelled', state: 'cancelled', token: undefined }])
      const cancelling = [{ outcome: 'cancelled', state: 'cancelling', token: 1n }]
      expect(await store.run(cancel('a', { when: 'confirmed' }))).toEqual(cancelling)
      expect(await store.run(cancel('a', { when: 'confirmed' }))).toEqual(cancelling)
      expect(await store.outbox()).toEqual(['1 a 1', '5 b', '2 a 1'])
      expect(await store.run(finish('a'))).toEqual([{ outcome: 'finished', state: 'cancelled', token: 1n }])
      expect(await store.run(finish('a'))).toEqual([{ outcome: 'already', state: 'cancelled', isRepeat: true, token: 1n }])
      expect(await store.run(cancel('c', { token: 2n }))).toEqual([{ outcome: 'cancelled', state: 'cancelled', token: 2n }])
      expect(await store.run(finish('c', { token: 2n }))).toEqual([{ outcome: 'already', state: 'cancelled', isRepeat: false, token: 2n }])
      expect((await store.outbox()).slice(3)).toEqual(['5 a 1', '1 c 2', '5 c 2'])
    }))

  test('a slot whose holder is silent is free after lease and grace, and a late finish changes nothing', () =>
    withStore(async store => {
      await store.run(limits({ leaseMs: HOUR_MS }), submit('a'), submit('b'))
      await store.tick()
      expect(await grantsOf(store)).toEqual(['1 a 1'])
      await endLeases(store)
      await store.tick()
      expect(await store.outbox()).toEqual(['1 a 1', '6 a 1', '1 b 2'])
      const expired = { outcome: 'already', state: 'expired', isRepeat: false, token: 1n }
      expect(await store.run(finish('a', { token: 1n }))).toEqual([expired])
      expect(await store.run(extend('a', { token: 1n }))).toEqual([expired])
      expect(await store.rows('select command_id from slots')).toEqual([{ command_id: 'b' }])
    }))

  test('a lease does not expire before its grace is over', () =>
    withStore(async store => {
      await store.run(limits({ leaseMs: HOUR_MS }), submit('a'))
      await endLeases(store)
      const steps = [finish('a')]
      expect((await store.take(steps, { graceMs: 2 * HOUR_MS })).outcomes).toMatchObject([{ outcome: 'finished' }])
    }))

  test('an extended lease lasts from the extension on, and a cancelling command whose lease ends is cancelled', () =>
    withStore(async store => {
      await store.run(limits({ leaseMs: HOUR_MS }), submit('a'))
      await endLeases(store)
      const [{ now }] = (await store.rows<{ now: string }>('select extract(epoch from clock_timestamp()) * 1000 as now')) as [
        { now: string },
      ]
      // In one batch, the lease would expire first.
      await store.rows("update slots set lease_until = clock_timestamp() + interval '1 minute'")
      const [extended] = await store.run(extend('a', { token: 1n }))
      expect(extended).toMatchObject({ outcome: 'extended' })
      const { leaseUntilMs } = extended as { readonly leaseUntilMs: number }
      expect(leaseUntilMs - Number(now)).toBeGreaterThanOrEqual(HOUR_MS - 1)
      expect(leaseUntilMs - Number(now)).toBeLessThan(HOUR_MS + 60_000)
      await store.run(cancel('a', { when: 'confirmed' }))
      await endLeases(store)
      await store.tick()
      expect(await store.outbox()).toEqual(['1 a 1', '2 a 1', '5 a 1'])
    }))

  test('a lowered limit revokes nothing and stops grants until enough slots are free', () =>
    withStore(async store => {
      await store.run(limits({ running: 3 }), ...['a', 'b', 'c', 'd', 'e'].map(id => submit(id)))
      await store.run(limits({ running: 1 }))
      await store.run(finish('a'), finish('b'))
      expect(await grantsOf(store)).toEqual(['1 a 1', '1 b 2', '1 c 3'])
      await store.run(finish('c'))
      expect((await grantsOf(store)).slice(3)).toEqual(['1 d 4'])
      await store.run(limits({ running: null, waiting: 0 }))
      expect(await store.run(limits({ running: 5 }))).toMatchObject([{ limits: { running: 5, waiting: 0 } }])
      expect((await grantsOf(store)).slice(4)).toEqual(['1 e 5'])
    }))

  test('a rate spaces grants evenly, and a tick makes those that have become due', () =>
    withStore(async store => {
      await store.run(limits({ running: 9, rate: { count: 2, windowMs: 2 * HOUR_MS } }))
      await store.run(submit('a'), submit('b'), submit('c'))
      expect(await grantsOf(store)).toEqual(['1 a 1'])
      await store.tick()
      expect(await grantsOf(store)).toEqual(['1 a 1'])
      await store.rows('update resources set rate_from_us = rate_from_us - 3600000000, due_us = due_us - 3600000000') // an hour later
      await store.tick()
      expect(await grantsOf(store)).toEqual(['1 a 1', '1 b 2'])
      await store.run(limits({ rate: null }))
      expect(await grantsOf(store)).toEqual(['1 a 1', '1 b 2', '1 c 3'])
      expect(await store.rows('select due_us from resources')).toEqual([{ due_us: null }])
    }))

  test('a batch that changes nothing writes to the log of Postgres all the same, so that its answer waits for standbys', () =>
    withStore(async store => {
      await store.run(submit('a'))
      const written = async () => (await store.rows<{ at: string }>('select pg_current_wal_insert_lsn()::text as at'))[0]!.at
      const before = await written()
      await store.run(submit('a'), finish('x'))
      expect(await written()).not.toBe(before)
    }))

  test('resources do not wait for one another', () =>
    withStore(async store => {
      await store.run(submit('a'), submit('b'), submit('q', { resource: 'q' }))
      expect((await grantsOf(store)).toSorted()).toEqual(['1 a 1', '1 q 1'])
    }))

  test('the steps need READ COMMITTED', () =>
    withStore(async store => {
      await store.rows("set default_transaction_isolation = 'repeatable read'")
      await expect(store.run(submit('a'))).rejects.toThrow('take_steps needs READ COMMITTED, got repeatable read')
      await store.rows("set default_transaction_isolation = 'read committed'")
    }))
})
