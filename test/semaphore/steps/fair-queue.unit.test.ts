import { describe, expect, test } from 'vitest'
import { FairQueue, type Queued } from '../../../semaphore/steps/fair-queue.ts'

interface Entry extends Queued {
  readonly name: string
}

const entry = (resource: string, name: string, more: Partial<Entry> = {}): Entry => ({ resource, name, key: name, bytes: 10, ...more })
const ALL = { maxCount: 1_000, maxBytes: 1e6 }
const names = (entries: readonly Entry[]) => entries.map(({ name }) => name).join(' ')

describe('the queue of steps', () => {
  test('lets resources take turns, and keeps the order of each', () => {
    const queue = new FairQueue<Entry>()
    for (const name of ['a1', 'a2', 'a3', 'b1', 'c1', 'c2']) queue.add(entry(name[0]!, name))
    expect(names(queue.take({ ...ALL, maxCount: 4 }))).toBe('a1 b1 c1 a2')
    expect(queue.length).toBe(2)
    expect(names(queue.take(ALL))).toBe('c2 a3')
    expect(queue.take(ALL)).toEqual([])
  })

  test('delays an entry by one batch at most, however many another resource has', () => {
    const queue = new FairQueue<Entry>()
    for (let n = 0; n < 5_000; n++) queue.add(entry('busy', `busy ${n}`))
    queue.take({ ...ALL, maxCount: 100 })
    queue.add(entry('other', 'other'))
    expect(names(queue.take({ ...ALL, maxCount: 2 }))).toBe('busy 100 other')
    let last = 100
    while (queue.length > 0) for (const { name } of queue.take(ALL)) expect(name).toBe(`busy ${++last}`)
    expect(last).toBe(4_999)
  })

  test('gives a batch no key twice: the second entry waits, and what comes after it in its resource', () => {
    const queue = new FairQueue<Entry>()
    for (const [resource, name, key] of ['a 1 x', 'b 2 x', 'b 3 y', 'a 4 z', 'a 5 x', 'a 6 w'].map(line => line.split(' '))) {
      queue.add(entry(resource!, name!, { key: key! }))
    }
    expect(names(queue.take(ALL))).toBe('1 4')
    expect(names(queue.take(ALL))).toBe('2 3')
    expect(names(queue.take(ALL))).toBe('5 6')
  })

  test('ends a batch at its number of bytes, but never without an entry', () => {
    const queue = new FairQueue<Entry>()
    for (const name of ['a', 'b', 'c']) queue.add(entry(name, name, { bytes: 60 }))
    expect(names(queue.take({ maxCount: 9, maxBytes: 100 }))).toBe('a b')
    expect(names(queue.take({ maxCount: 9, maxBytes: 1 }))).toBe('c')
  })
})
