import { describe, expect, test } from 'vitest'
import { SharedLookup } from '../../src/runtime/shared-lookup.ts'

/** Look-ups that answer their number when the test says so. */
function numbered() {
  const begun: PromiseWithResolvers<number>[] = []
  const lookup = new SharedLookup(() => {
    const look = Promise.withResolvers<number>()
    begun.push(look)
    return look.promise
  })
  return { begun, lookup, end: (number: number) => begun[number - 1]!.resolve(number) }
}

test('concurrent reads share one look-up, and the next read begins another', async () => {
  const { begun, lookup, end } = numbered()
  const reads = [lookup.get(false), lookup.get(false), lookup.get(false)]
  end(1)
  expect(await Promise.all(reads)).toEqual([1, 1, 1])
  expect(begun).toHaveLength(1)
  const next = lookup.get(false)
  end(2)
  expect(await next).toBe(2)
})

test('a strong read never uses a look-up that began before it, and shares the next', async () => {
  const { begun, lookup, end } = numbered()
  const early = lookup.get(false)
  const strong = [lookup.get(true), lookup.get(true)]
  expect(begun).toHaveLength(1)
  end(1)
  expect(await early).toBe(1)
  const later = lookup.get(true) // asked after the second began
  end(2)
  expect(await Promise.all(strong)).toEqual([2, 2])
  await Promise.resolve()
  end(3)
  expect(await later).toBe(3)
})

test('a strong read with nothing in flight begins at once', async () => {
  const { lookup, end } = numbered()
  const strong = lookup.get(true)
  end(1)
  expect(await strong).toBe(1)
})

test('a failed look-up fails the reads that shared it, but not the strong reads that wait for the next', async () => {
  const { begun, lookup, end } = numbered()
  const [first, shared, strong] = [lookup.get(false), lookup.get(false), lookup.get(true)]
  begun[0]!.reject(new Error('unreachable'))
  await expect(first).rejects.toThrow('unreachable')
  await expect(shared).rejects.toThrow('unreachable')
  end(2)
  expect(await strong).toBe(2)
})

describe('a shared look-up under load', () => {
  let nowMs = 0
  let begun = 0
  const kept = (keptMs = 4) => {
    ;[nowMs, begun] = [100, 0]
    return new SharedLookup(async () => ++begun, { keptMs: () => keptMs, now: () => nowMs })
  }

  test('an answer that several reads shared serves later reads until its time is over', async () => {
    const lookup = kept()
    expect(await Promise.all([lookup.get(false), lookup.get(false)])).toEqual([1, 1])
    nowMs = 103
    expect(await lookup.get(false)).toBe(1)
    nowMs = 104
    expect(await lookup.get(false)).toBe(2)
  })

  test('an answer that a single read waited for serves no other', async () => {
    const lookup = kept()
    expect(await lookup.get(false)).toBe(1)
    expect(await lookup.get(false)).toBe(2)
  })

  test('a strong read never gets a kept answer, and the next read gets no older answer', async () => {
    const lookup = kept(1_000)
    await Promise.all([lookup.get(false), lookup.get(false)])
    expect(await lookup.get(true)).toBe(2)
    expect(await Promise.all([lookup.get(true), lookup.get(true)])).toEqual([3, 4])
    expect(await lookup.get(false)).toBe(5)
  })

  test('each answer decides how long it is kept', async () => {
    const lookup = new SharedLookup(async () => ++begun, { keptMs: answer => (answer === 1 ? 0 : 10), now: () => nowMs })
    begun = 0
    await Promise.all([lookup.get(false), lookup.get(false)])
    expect(await Promise.all([lookup.get(false), lookup.get(false)])).toEqual([2, 2])
    expect(await lookup.get(false)).toBe(2)
  })
})
