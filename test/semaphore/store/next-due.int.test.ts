import { expect, test } from 'vitest'
import { nextDueInMs, waitingResources } from '../../../semaphore/store/next-due.ts'
import { limits, submit } from '../test-steps.ts'
import { describeStore } from './store-fixture.ts'

const HOUR_MS = 3_600_000

describeStore('the next time at which the semaphore has to act', emptyStore => {
  test('is the end of a lease with its grace, or the next grant of a rate, whichever is first', async () => {
    const store = emptyStore()
    expect(await nextDueInMs(store.client, 0)).toBeUndefined()
    await store.run(submit('none'), limits({ resource: 'leased', leaseMs: HOUR_MS }), submit('a', { resource: 'leased' }))
    const due = (graceMs: number) => nextDueInMs(store.client, graceMs)
    expect(Math.abs((await due(1_000))! - HOUR_MS - 1_000)).toBeLessThan(60_000)
    await store.run(limits({ resource: 'rated', running: 9, rate: { count: 1, windowMs: HOUR_MS / 2 } }))
    await store.run(submit('b', { resource: 'rated' }), submit('c', { resource: 'rated' }))
    expect(Math.abs((await due(1_000))! - HOUR_MS / 2)).toBeLessThan(60_000)
  })

  test('may be a change of the defaults: the resources with a queue are found in pages', async () => {
    const store = emptyStore()
    await store.run(...['a', 'b', 'c'].flatMap(resource => [submit(`1${resource}`, { resource }), submit(`2${resource}`, { resource })]))
    await store.run(submit('d', { resource: 'd' }))
    const first = await waitingResources(store.client, '', 2)
    const second = await waitingResources(store.client, first.next!, 2)
    expect([first.resources, second.resources]).toEqual([['a', 'b'], ['c']])
    expect((await waitingResources(store.client, second.next!, 2)).next).toBeUndefined()
    const defaults = { running: 2, waiting: 9, leaseMs: 0, ageingMs: 0 }
    const { grants } = await store.take([], { defaults, touched: ['a', 'b'] })
    expect(grants).toBe(2)
  })
})
