import { describe, expect, test } from 'vitest'
import { oneByOne } from '../../../broker/server/one-by-one.ts'

describe('a request of many parts', () => {
  test('gets its results in order', async () => {
    expect(await oneByOne([3, 1, 2], part => part * 10)).toEqual([30, 10, 20])
  })

  test('lets others run in between if it takes long', async () => {
    let isServed = false
    setImmediate(() => (isServed = true))
    const seen = await oneByOne([1, 2, 3], () => {
      const before = isServed
      for (const from = performance.now(); performance.now() - from < 15;);
      return before
    })
    expect(seen).toEqual([false, true, true])
  })

  test('ends with the first part that fails', async () => {
    const done: number[] = []
    await expect(
      oneByOne([1, 2, 3], part => {
        if (part === 2) throw new Error('no')
        done.push(part)
      }),
    ).rejects.toThrow('no')
    expect(done).toEqual([1])
  })
})
