import { expect, test } from 'vitest'
import { HASH } from '../../src/counters/names.ts'
import { START, type Position } from '../../src/terms/position.ts'
import { BIG_TAG, describeCaches, flush, hash, laneFlush, minutesHeld, plantHash } from './caches.ts'

const AT_5: Position = { seq: 5n, tag: 77n }

describeCaches('a flush', under => {
  test('moves total, minutes, applied and asof together', async () => {
    const { cache } = under()
    await plantHash(cache, { applied: AT_5, minutes: { 7: 5 } })
    expect(await flush(cache, laneFlush(AT_5, [7, 8, 8], { asofMs: 2_000 }))).toEqual({ kind: 'applied' })
    expect(await hash(cache)).toEqual({
      total: '8',
      'minute:7': '6',
      'minute:8': '2',
      'applied:0': `8:${BIG_TAG}`,
      'asof:0': '2000',
      'applied:1': '0:0',
      'asof:1': '1000',
      'minutes-from': '-',
      'minutes-to': '1000000',
    })
  })

  test('keeps a 64-bit seq and tag to the last digit', async () => {
    const { cache } = under()
    const start = { seq: 9_007_199_254_740_993n, tag: BIG_TAG - 1n }
    await plantHash(cache, { applied: start, total: 0n })
    await flush(cache, laneFlush(start, [1]))
    expect((await hash(cache))['applied:0']).toBe(`9007199254740994:${BIG_TAG}`)
    // One less in the tag is another position.
    expect(await flush(cache, laneFlush({ seq: 9_007_199_254_740_994n, tag: BIG_TAG - 1n }, [1]))).toEqual({
      kind: 'moved',
      to: { seq: 9_007_199_254_740_994n, tag: BIG_TAG },
    })
  })

  test('sent twice is counted once', async () => {
    const { cache } = under()
    await plantHash(cache)
    const once = laneFlush(START, [1, 2])
    await flush(cache, once)
    const before = await hash(cache)
    expect(await cache.pingFlush(HASH, '0', '0:0', `2:${BIG_TAG}`, '2', '', '100', '10', '7', '1', '1', '2', '1')).toEqual(['ALREADY'])
    expect(await flush(cache, once)).toEqual({ kind: 'applied' })
    expect(await hash(cache)).toEqual(before)
  })

  test('that starts where the lane is not gets the position where it is, and writes nothing', async () => {
    const { cache } = under()
    await plantHash(cache, { applied: AT_5 })
    const before = await hash(cache)
    for (const start of [START, { seq: 5n, tag: 78n }, { seq: 6n, tag: 77n }]) {
      expect(await flush(cache, laneFlush(start, [1], { tag: 3n, asofMs: 9_000 }))).toEqual({ kind: 'moved', to: AT_5 })
    }
    expect(await flush(cache, laneFlush(START, [], { asofMs: 9_000 }))).toEqual({ kind: 'moved', to: AT_5 })
    expect(await hash(cache)).toEqual(before)
  })

  test.each(['applied:0', 'asof:0', 'total', 'minutes-from', 'minutes-to'])(
    'without %s is refused as incomplete, and writes nothing',
    async field => {
      const { cache } = under()
      await plantHash(cache)
      await cache.hdel(HASH, field)
      const before = await hash(cache)
      expect(await flush(cache, laneFlush(START, [1], { asofMs: 9_000 }))).toEqual({ kind: 'incomplete', field })
      expect(await hash(cache)).toEqual(before)
    },
  )

  test('into an empty cache is refused, so that an absent field never means zero', async () => {
    const { cache } = under()
    expect(await flush(cache, laneFlush(START, [1]))).toMatchObject({ kind: 'incomplete' })
    expect(await cache.exists(HASH)).toBe(0)
  })

  test('into a claimed hash is refused, even if all else is there', async () => {
    const { cache } = under()
    await plantHash(cache)
    await cache.hset(HASH, 'claim', 'another:1')
    const before = await hash(cache)
    expect(await flush(cache, laneFlush(START, [1]))).toEqual({ kind: 'incomplete', field: 'claim' })
    expect(await hash(cache)).toEqual(before)
  })

  test('into a key of another type is refused as incomplete', async () => {
    const { cache } = under()
    await cache.set(HASH, 'a string')
    expect(await flush(cache, laneFlush(START, [1]))).toMatchObject({ kind: 'incomplete' })
    expect(await cache.get(HASH)).toBe('a string')
  })

  test.each([
    ['applied:0', '5'],
    ['applied:0', '5:7:9'],
    ['applied:0', '-1:7'],
    ['asof:0', 'soon'],
    ['asof:0', '1e3'],
    ['total', '5.5'],
    ['total', ''],
    ['total', '12345678901234567'],
    ['minutes-from', 'x'],
    ['minutes-from', '--'],
    ['minutes-to', '-'],
    ['minute:1', 'many'],
    ['minute:1', ' 1'],
  ])('over a malformed %s (%j) is refused, and writes nothing', async (field, value) => {
    const { cache } = under()
    await plantHash(cache, { minutes: { 2: 1 } })
    await cache.hset(HASH, field, value)
    const before = await hash(cache)
    expect(await flush(cache, laneFlush(START, [2, 1], { asofMs: 9_000 }))).toEqual({ kind: 'malformed', field })
    expect(await hash(cache)).toEqual(before)
  })

  test('counts the minutes in [minutes-from, minutes-to), and all pings in the total', async () => {
    const { cache } = under()
    await plantHash(cache, { from: '-3', to: 4 })
    expect(await flush(cache, laneFlush(START, [-5, -4, -3, -1, 0, 3, 4, 4_000_000_000]))).toEqual({ kind: 'applied' })
    expect(await minutesHeld(cache)).toEqual([-3, -1, 0, 3])
    expect(await hash(cache)).toMatchObject({ total: '8', 'minutes-from': '-3', 'minutes-to': '4' })
  })

  test('can write the first and the last possible minute', async () => {
    const { cache } = under()
    await plantHash(cache, { to: 4_223_371_680 })
    const [first, last] = [-1_035_593_280, 4_223_371_679]
    await flush(cache, laneFlush(START, [first, last, first]))
    expect(await hash(cache)).toMatchObject({ [`minute:${first}`]: '2', [`minute:${last}`]: '1' })
  })

  test('moves asof forward only', async () => {
    const { cache } = under()
    await plantHash(cache, { asof: 5_000 })
    await flush(cache, laneFlush(START, [], { asofMs: 4_000 }))
    expect((await hash(cache))['asof:0']).toBe('5000')
    await flush(cache, laneFlush(START, [1], { asofMs: 1_700_000_000_123 }))
    expect(await hash(cache)).toMatchObject({ 'asof:0': '1700000000123', 'asof:1': '5000', total: '1' })
    await flush(cache, laneFlush({ seq: 1n, tag: BIG_TAG }, [1], { tag: 4n }))
    expect((await hash(cache))['asof:0']).toBe('1700000000123')
  })

  test('takes 1000 distinct minutes at once', async () => {
    const { cache } = under()
    await plantHash(cache)
    const minutes = Array.from({ length: 1_000 }, (_, index) => index - 500)
    expect(await flush(cache, laneFlush(START, minutes))).toEqual({ kind: 'applied' })
    expect(await minutesHeld(cache)).toEqual(minutes)
  })
})

const MAX_MINUTES = 1_000

/** Minutes first, first + 1, …, one ping in each. */
function series(first: number, count: number): Readonly<Record<number, number>> {
  return Object.fromEntries(Array.from({ length: count }, (_, index) => [first + index, 1]))
}

describeCaches('a flush with the maximum number of minutes', under => {
  test('drops nothing up to the maximum', async () => {
    const { cache } = under()
    await plantHash(cache, { minutes: series(0, MAX_MINUTES - 1) })
    await flush(cache, laneFlush(START, [0, MAX_MINUTES - 1]), { maxMinutes: MAX_MINUTES })
    expect(await minutesHeld(cache)).toHaveLength(MAX_MINUTES)
    expect((await hash(cache))['minutes-from']).toBe('-')
  })

  test('drops the oldest minutes and some more beyond the maximum, and raises minutes-from above them', async () => {
    const { cache } = under()
    await plantHash(cache, { minutes: series(-10, MAX_MINUTES) })
    await flush(cache, laneFlush(START, [5_000, 5_001, 5_001]), { maxMinutes: MAX_MINUTES })
    const held = await minutesHeld(cache)
    expect(held).toHaveLength(MAX_MINUTES - 100) // a tenth
    expect(await hash(cache)).toMatchObject({ 'minutes-from': String(held[0]), 'minute:5001': '2', total: '3' })
    expect(held[0]).toBe(-10 + 2 + 100)
  })

  test('drops at most 200 more than necessary', async () => {
    const { cache } = under()
    await plantHash(cache, { minutes: series(0, 10_080) })
    await flush(cache, laneFlush(START, [20_000]))
    expect(await minutesHeld(cache)).toHaveLength(10_080 - 200)
  })

  test('drops its own minutes if they are the oldest, and keeps them in the total', async () => {
    const { cache } = under()
    await plantHash(cache, { minutes: series(100, MAX_MINUTES) })
    await flush(cache, laneFlush(START, [1, 2, 3]), { maxMinutes: MAX_MINUTES })
    const held = await minutesHeld(cache)
    expect(held).toHaveLength(MAX_MINUTES - 100)
    expect(await hash(cache)).toMatchObject({ total: '3', 'minutes-from': String(held[0]) })
  })

  test('is followed by flushes that count minutes below minutes-from in the total only', async () => {
    const { cache } = under()
    await plantHash(cache, { minutes: series(0, MAX_MINUTES) })
    const first = laneFlush(START, [5_000])
    await flush(cache, first, { maxMinutes: MAX_MINUTES })
    await flush(cache, laneFlush(first.end, [0, 1, 2], { tag: 9n }), { maxMinutes: MAX_MINUTES })
    expect((await minutesHeld(cache))[0]).toBeGreaterThan(2)
    expect((await hash(cache))['total']).toBe('4')
  })

  test('drops nothing for pings in existing minutes, and does not count the fields of lanes as minutes', async () => {
    const { cache } = under()
    await plantHash(cache, { lanes: 40, minutes: series(0, MAX_MINUTES) })
    await flush(cache, laneFlush(START, [0, 0, 7]), { lanes: 40, maxMinutes: MAX_MINUTES })
    expect(await minutesHeld(cache)).toHaveLength(MAX_MINUTES)
  })
})
