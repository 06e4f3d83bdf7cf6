import { describe, expect, test, vi } from 'vitest'
import {
  freshnessOf,
  lookAtHash,
  lookAtWholeHash,
  readApplied,
  readHash,
  readHashAndMinutes,
  readTimeMs,
  readWholeHash,
  totalHolds,
  type HashState,
} from '../../src/counters/hash.ts'
import { HASH } from '../../src/counters/names.ts'
import { formatPosition, parsePosition } from '../../src/counters/position.ts'
import { START } from '../../src/terms/position.ts'
import { BIG_TAG, describeCaches, plantHash } from './caches.ts'

const APPLIED = { seq: 4n, tag: BIG_TAG }
const WHOLE: HashState = {
  total: 4n,
  minutesFrom: -Infinity,
  minutesTo: 1_000_000,
  lanes: [
    { applied: APPLIED, asofMs: 1_000 },
    { applied: START, asofMs: 1_000 },
  ],
}

describeCaches('the hash', under => {
  test('is read as it was written', async () => {
    const { cache } = under()
    await plantHash(cache, { applied: APPLIED, minutes: { 3: 2, [-3]: 2 } })
    expect(await readHash(cache, 2)).toEqual(WHOLE)
    expect(await readApplied(cache, 0)).toEqual(APPLIED)
    expect(await readHashAndMinutes(cache, 2, [3, 4, -3])).toEqual({ state: WHOLE, counts: [2n, 0n, 2n] })
    expect(await readWholeHash(cache, 2)).toEqual({
      state: WHOLE,
      minutes: new Map([
        [3, 2n],
        [-3, 2n],
      ]),
      foreign: [],
    })
  })

  test.each(['total', 'minutes-from', 'minutes-to', 'applied:0', 'applied:1', 'asof:0', 'asof:1'])(
    'without %s is not whole',
    async field => {
      const { cache } = under()
      await plantHash(cache)
      await cache.hdel(HASH, field)
      expect(await readHash(cache, 2)).toBeUndefined()
      expect(await readWholeHash(cache, 2)).toBeUndefined()
    },
  )

  test.each([
    ['total', '1.5'],
    ['total', '12345678901234567'],
    ['minutes-from', ''],
    ['minutes-to', '-'],
    ['applied:1', '1'],
    ['applied:1', '9223372036854775808:1'],
    ['applied:1', '1:-1'],
    ['asof:1', 'x'],
  ])('with a malformed %s (%j) is not whole', async (field, value) => {
    const { cache } = under()
    await plantHash(cache)
    await cache.hset(HASH, field, value)
    expect(await readHash(cache, 2)).toBeUndefined()
    expect(await readWholeHash(cache, 2)).toBeUndefined()
  })

  test('is not whole for fewer or more lanes', async () => {
    const { cache } = under()
    await plantHash(cache)
    for (const lanes of [1, 3]) {
      expect(await readHash(cache, lanes)).toBeUndefined()
      expect(await readWholeHash(cache, lanes)).toBeUndefined()
    }
  })

  test('that is empty, claimed or of another type is not whole', async () => {
    const { cache } = under()
    const nothing = async () => {
      expect(await readHash(cache, 2)).toBeUndefined()
      expect(await readWholeHash(cache, 2)).toBeUndefined()
      expect(await readApplied(cache, 0)).toBeUndefined()
    }
    await nothing()
    await cache.hset(HASH, 'claim', 'me:1')
    await nothing()
    await cache.del(HASH)
    await cache.set(HASH, 'a string')
    await nothing()
  })

  test('has no count for a malformed minute, and a read of the whole hash skips it', async () => {
    const { cache } = under()
    await plantHash(cache, { minutes: { 3: 2 } })
    await cache.hset(HASH, { 'minute:4': 'x', 'minute:abc': '1' })
    expect(await readHashAndMinutes(cache, 2, [3, 4])).toBeUndefined()
    expect((await readHashAndMinutes(cache, 2, [3]))?.counts).toEqual([2n])
    expect((await readWholeHash(cache, 2))?.minutes).toEqual(new Map([[3, 2n]]))
  })

  test('is read together with its number of fields and the clock, which is read after it', async () => {
    const { cache } = under()
    await plantHash(cache, { applied: APPLIED, minutes: { 3: 2, [-3]: 2 } })
    const beforeMs = await readTimeMs(cache)
    const [some, whole] = [await lookAtHash(cache, 2, [3, 4]), await lookAtWholeHash(cache, 2)]
    expect(some).toMatchObject({ hash: { state: WHOLE, counts: [2n, 0n] }, fields: 9 })
    expect(whole.hash).toEqual({
      state: WHOLE,
      minutes: new Map([
        [3, 2],
        [-3, 2],
      ]),
    })
    const afterMs = await readTimeMs(cache)
    for (const { timeMs } of [some, whole]) expect([timeMs >= beforeMs, timeMs <= afterMs + 1]).toEqual([true, true])
  })

  test('has an age that is never too small: the clock is rounded up for ages, and down for what they begin with', async () => {
    const { cache } = under()
    await plantHash(cache, { minutes: { 3: 2 } })
    vi.spyOn(cache, 'time').mockResolvedValue([7, 2_999])
    expect(await readTimeMs(cache)).toBe(7_002)
    const pipeline = cache.pipeline.bind(cache)
    vi.spyOn(cache, 'pipeline').mockImplementation(() => {
      const made = pipeline()
      const exec = made.exec.bind(made)
      vi.spyOn(made, 'exec').mockImplementation(async () => {
        const answers = (await exec())!
        return answers.map(([error, answer], index) => [error, index === 1 ? ['7', '2001'] : answer])
      })
      return made
    })
    expect((await lookAtHash(cache, 2, [3])).timeMs).toBe(7_003)
    expect((await lookAtWholeHash(cache, 2)).timeMs).toBe(7_003)
    vi.restoreAllMocks()
  })

  test('is read as a whole without foreign fields, and without minutes if one is malformed', async () => {
    const { cache } = under()
    await plantHash(cache, { minutes: { 3: 2 } })
    await cache.hset(HASH, { 'minute:03': '7', 'minute:-0': '7', 'minute:abc': '7', x: '7' })
    expect((await lookAtWholeHash(cache, 2)).hash?.minutes).toEqual(new Map([[3, 2]]))
    expect((await readWholeHash(cache, 2))?.foreign.toSorted()).toEqual(['minute:-0', 'minute:03', 'minute:abc', 'x'])
    await cache.hset(HASH, 'minute:4', '1.5')
    expect((await lookAtWholeHash(cache, 2)).hash).toEqual({ state: expect.anything(), minutes: undefined })
  })

  test('is undefined to a reader if it is not whole', async () => {
    const { cache } = under()
    const nothing = async (lanes = 2) => {
      expect((await lookAtHash(cache, lanes, [3])).hash).toBeUndefined()
      expect((await lookAtWholeHash(cache, lanes)).hash).toBeUndefined()
    }
    await nothing()
    await plantHash(cache)
    for (const lanes of [1, 3]) await nothing(lanes)
    await cache.hdel(HASH, 'asof:1')
    await nothing()
    await plantHash(cache)
    await cache.hset(HASH, 'claim', 'me:1')
    await nothing()
    await cache.del(HASH)
    await cache.set(HASH, 'a string')
    await nothing()
  })

  test('makes reads reject when the cache is unreachable', async () => {
    const cache = await under().connect()
    cache.disconnect()
    await expect(lookAtHash(cache, 2, [])).rejects.toThrow()
    await expect(lookAtWholeHash(cache, 2)).rejects.toThrow()
  })

  test('has a clock, which is read in ms', async () => {
    const { cache } = under()
    const beforeMs = Date.now()
    const timeMs = await readTimeMs(cache)
    expect(timeMs).toBeGreaterThanOrEqual(beforeMs - 2)
    expect(timeMs).toBeLessThanOrEqual(Date.now() + 2)
  })
})

describe('a whole hash', () => {
  const lane = (seq: bigint, asofMs: number) => ({ applied: { seq, tag: 1n }, asofMs })
  const state = (total: bigint, ...lanes: HashState['lanes'][number][]): HashState => ({ ...WHOLE, total, lanes })

  test('is as old as its oldest lane', () => {
    expect(freshnessOf(state(0n, lane(0n, 900), lane(0n, 400), lane(0n, 1_000)), 1_000)).toBe(600)
  })

  test('proves nothing while the asof of a lane is ahead of the clock', () => {
    expect(freshnessOf(state(0n, lane(0n, 900), lane(0n, 1_001)), 1_000)).toBe(Infinity)
  })

  test('has a valid total only if it is the sum of the applied positions', () => {
    expect(totalHolds(state(5n, lane(2n, 0), lane(3n, 0)))).toBe(true)
    expect(totalHolds(state(6n, lane(2n, 0), lane(3n, 0)))).toBe(false)
  })
})

describe('a position', () => {
  test.each(['0:0', `1:${BIG_TAG}`, `${BIG_TAG}:1`])('%s is read and written as text', text => {
    expect(formatPosition(parsePosition(text)!)).toBe(text)
  })

  test.each(['', '1', '1:', ':1', 'a:1', '1:1:1', '-1:1', '1:9223372036854775808', '1 :1'])('%j is malformed', text => {
    expect(parsePosition(text)).toBeUndefined()
  })
})
