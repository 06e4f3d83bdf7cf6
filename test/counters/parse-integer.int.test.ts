import { expect, test } from 'vitest'
import { lookAtWholeHash, readHash, readHashAndMinutes, readWholeHash } from '../../src/counters/hash.ts'
import { HASH } from '../../src/counters/names.ts'
import { START } from '../../src/terms/position.ts'
import { describeCaches, flush, hash, laneFlush, plantHash } from './caches.ts'

const LARGEST = 2n ** 53n - 1n

describeCaches('a number in the hash', under => {
  test.each([LARGEST, LARGEST - 1n, 10n ** 15n, -LARGEST])('is exact to the readers and to the flush script: %s', async value => {
    const { cache } = under()
    await plantHash(cache, { total: value })
    await cache.hset(HASH, { 'minute:1': String(value) })
    expect((await readHash(cache, 2))?.total).toBe(value)
    expect((await readHashAndMinutes(cache, 2, [1]))?.counts).toEqual([value])
    expect((await readWholeHash(cache, 2))?.minutes.get(1)).toBe(value)
    expect((await lookAtWholeHash(cache, 2)).hash?.minutes?.get(1)).toBe(Number(value))
    if (value === LARGEST) return
    expect(await flush(cache, laneFlush(START, [1]))).toEqual({ kind: 'applied' })
    expect(await hash(cache)).toMatchObject({ total: String(value + 1n), 'minute:1': String(value + 1n) })
  })

  test.each([LARGEST + 1n, LARGEST + 2n, 9_999_999_999_999_999n, -LARGEST - 1n, '0'.repeat(17)])(
    'is malformed to the readers and to the flush script: %s',
    async value => {
      const { cache } = under()
      await plantHash(cache)
      await cache.hset(HASH, { 'minute:1': String(value) })
      expect(await readHashAndMinutes(cache, 2, [1])).toBeUndefined()
      expect((await readWholeHash(cache, 2))?.minutes.has(1)).toBe(false)
      expect((await lookAtWholeHash(cache, 2)).hash?.minutes).toBeUndefined()
      expect(await flush(cache, laneFlush(START, [1]))).toEqual({ kind: 'malformed', field: 'minute:1' })
      await cache.hset(HASH, { total: String(value) })
      expect(await readHash(cache, 2)).toBeUndefined()
      expect(await readWholeHash(cache, 2)).toBeUndefined()
      expect(await flush(cache, laneFlush(START, [1]))).toEqual({ kind: 'malformed', field: 'total' })
    },
  )
})
