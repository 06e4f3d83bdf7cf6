import { describe, expect, test } from 'vitest'
import { Portions } from '../../src/server/ping-service/portions.ts'

/** Portions of numbers. The test decides when the work on each ends. */
function startPortions({ maxOpen = 100, maxPortion = 10 } = {}) {
  const begun: { readonly items: readonly number[]; finish(): void }[] = []
  const work = (items: readonly number[]): Promise<readonly string[]> =>
    new Promise(resolve => begun.push({ items, finish: () => resolve(items.map(item => `r${item}`)) }))
  return { begun, portions: new Portions<number, string>({ work, maxOpen, maxPortion }) }
}

const turn = (): Promise<void> => new Promise(resolve => setImmediate(resolve))
/** Whether the promise is settled after one turn of the event loop. */
async function settled(promise: Promise<unknown>): Promise<boolean> {
  let done = false
  promise.then(
    () => (done = true),
    () => (done = true),
  )
  await turn()
  await turn()
  return done
}

describe('portions', () => {
  test('join the items of one turn of the event loop', async () => {
    const { begun, portions } = startPortions()
    void portions.add([1])
    void portions.add([2, 3])
    await turn()
    void portions.add([4])
    await turn()
    expect(begun.map(({ items }) => items)).toEqual([[1, 2, 3], [4]])
  })

  test('start at once when a portion is full', async () => {
    const { begun, portions } = startPortions({ maxPortion: 2 })
    void portions.add([1])
    void portions.add([2])
    expect(begun.map(({ items }) => items)).toEqual([[1, 2]])
  })

  test('return results in the order of the items, no matter in which order the work ends', async () => {
    const { begun, portions } = startPortions()
    for (const item of [1, 2, 3]) {
      void portions.add([item])
      await turn()
    }
    const first = portions.next()
    begun[2]!.finish()
    begun[1]!.finish()
    expect(await settled(first)).toBe(false)
    begun[0]!.finish()
    expect(await first).toEqual(['r1', 'r2', 'r3'])
  })

  test('return at most one portion of results at a time', async () => {
    const { begun, portions } = startPortions({ maxPortion: 2 })
    void portions.add([1, 2, 3])
    begun[0]!.finish()
    expect([await portions.next(), await portions.next()]).toEqual([['r1', 'r2'], ['r3']])
  })

  test('take no items while too many are open, until results are returned', async () => {
    const { begun, portions } = startPortions({ maxOpen: 2 })
    expect(await portions.add([1])).toBe(true)
    const added = portions.add([2, 3])
    await turn()
    begun.forEach(({ finish }) => finish())
    expect(await settled(added)).toBe(false)
    expect(await portions.next()).toEqual(['r1', 'r2', 'r3'])
    expect(await added).toBe(true)
  })

  test('end after the last results', async () => {
    const { begun, portions } = startPortions()
    void portions.add([1])
    portions.end()
    expect(await portions.add([2])).toBe(false)
    const next = portions.next()
    expect(await settled(next)).toBe(false)
    begun[0]!.finish()
    expect([await next, await portions.next()]).toEqual([['r1'], undefined])
  })

  test('throw the error that ended them after the last results, and only the first error', async () => {
    const { begun, portions } = startPortions()
    void portions.add([1])
    portions.end(new Error('first'))
    portions.end(new Error('second'))
    await turn()
    begun[0]!.finish()
    expect(await portions.next()).toEqual(['r1'])
    await expect(portions.next()).rejects.toThrow('first')
  })

  test('that are cut throw at once and take no more items', async () => {
    const { portions } = startPortions({ maxOpen: 1 })
    const added = portions.add([1])
    await turn()
    const next = portions.next()
    portions.cut(new Error('gone'))
    await expect(next).rejects.toThrow('gone')
    expect(await added).toBe(false)
  })
})
