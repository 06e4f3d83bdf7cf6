import { describe, expect, test, vi } from 'vitest'
import type { Cache } from '../../src/counters/connect.ts'
import { readHash, readTimeMs, readWholeHash } from '../../src/counters/hash.ts'
import { HASH } from '../../src/counters/names.ts'
import { needsRenewal, rebuild, type RebuildWindow } from '../../src/counters/rebuild.ts'
import type { CountsSnapshot } from '../../src/terms/counts-snapshot.ts'
import { START } from '../../src/terms/position.ts'
import { atDepth } from '../support/depth.ts'
import { untilQuick } from '../support/until-quick.ts'
import { BIG_TAG, describeCaches, flush, hash, laneFlush, plantHash } from './caches.ts'

const VOID_AFTER_MS = 5_000
/** Lua unpacks fewer than 8 000 values at once. */
const FAR_MORE_MINUTES = atDepth({ normally: 10_000, thoroughly: 25_000 })

function claim(cache: Cache, token: string, nowMs: number, mode: 'claim' | 'renew' = 'claim'): Promise<'OK' | 'CLAIMED'> {
  return cache.pingClaim(HASH, token, String(nowMs), String(VOID_AFTER_MS), mode)
}

/** What Postgres would have: lane 0 with three pings, lane 1 empty. */
function counts(window: RebuildWindow, more: Partial<CountsSnapshot> = {}): CountsSnapshot {
  return {
    heads: [
      { lane: 0, seq: 3n, tag: BIG_TAG },
      { lane: 1, ...START },
    ],
    total: 3n,
    minutes: new Map([
      [-1, 1n],
      [5, 2n],
    ]),
    minutesFrom: undefined,
    minutesTo: window.minutesTo,
    ...more,
  }
}

describeCaches('a claim', under => {
  test('replaces whatever was there at once', async () => {
    const { cache } = under()
    await plantHash(cache, { minutes: { 1: 1 } })
    expect(await claim(cache, 'me', 100)).toBe('OK')
    expect(await hash(cache)).toEqual({ claim: 'me:100' })
  })

  test('replaces a key of another type', async () => {
    const { cache } = under()
    await cache.set(HASH, 'a string')
    expect(await claim(cache, 'me', 100)).toBe('OK')
    expect(await hash(cache)).toEqual({ claim: 'me:100' })
  })

  test('of another processor is respected for 5 s and then taken over', async () => {
    const { cache } = under()
    await claim(cache, 'other', 10_000)
    expect(await claim(cache, 'me', 10_000)).toBe('CLAIMED')
    expect(await claim(cache, 'me', 14_999)).toBe('CLAIMED')
    expect(await hash(cache)).toEqual({ claim: 'other:10000' })
    expect(await claim(cache, 'me', 15_000)).toBe('OK')
    expect(await hash(cache)).toEqual({ claim: 'me:15000' })
  })

  test('from before the clock was set back is taken over', async () => {
    const { cache } = under()
    await claim(cache, 'other', 1_000_000)
    expect(await claim(cache, 'me', 990_000)).toBe('OK')
  })

  test('that is malformed is taken over', async () => {
    const { cache } = under()
    await cache.hset(HASH, 'claim', 'nonsense')
    expect(await claim(cache, 'me', 100)).toBe('OK')
  })

  test('is renewed by its holder only', async () => {
    const { cache } = under()
    await claim(cache, 'me', 10_000)
    expect(await claim(cache, 'me', 12_000, 'renew')).toBe('OK')
    expect(await hash(cache)).toEqual({ claim: 'me:12000' })
    await claim(cache, 'other', 17_000)
    expect(await claim(cache, 'me', 60_000, 'renew')).toBe('CLAIMED')
    expect(await hash(cache)).toEqual({ claim: 'other:17000' })
  })

  test('that is renewed late does not delete a hash that was written in between', async () => {
    const { cache } = under()
    await plantHash(cache, { minutes: { 1: 1 } })
    const before = await hash(cache)
    expect(await claim(cache, 'me', 100, 'renew')).toBe('CLAIMED')
    expect(await hash(cache)).toEqual(before)
    await cache.del(HASH)
    expect(await claim(cache, 'me', 100, 'renew')).toBe('CLAIMED')
    expect(await cache.exists(HASH)).toBe(0)
  })
})

describeCaches('a replacement', under => {
  test('needs the claim', async () => {
    const { cache } = under()
    expect(await cache.pingReplace(HASH, 'me', 'total', '1')).toBe('LOST')
    expect(await cache.exists(HASH)).toBe(0)
    await claim(cache, 'other', 100)
    expect(await cache.pingReplace(HASH, 'me', 'total', '1')).toBe('LOST')
    expect(await hash(cache)).toEqual({ claim: 'other:100' })
    await plantHash(cache)
    const before = await hash(cache)
    expect(await cache.pingReplace(HASH, 'me', 'total', '1')).toBe('LOST')
    expect(await hash(cache)).toEqual(before)
  })

  test('leaves nothing of what was there, not even the claim', async () => {
    const { cache } = under()
    await claim(cache, 'me', 100)
    await cache.hset(HASH, 'left', 'over')
    expect(await cache.pingReplace(HASH, 'me', 'total', '1', 'minute:1', '1')).toBe('OK')
    expect(await hash(cache)).toEqual({ total: '1', 'minute:1': '1' })
  })
})

describeCaches('a rebuild', under => {
  test('writes all lanes, empty ones too, and the TIME from before the snapshot as asof', async () => {
    const { cache } = under()
    const before = await readTimeMs(cache)
    let during = 0
    const outcome = await rebuild(
      cache,
      async window => {
        during = await readTimeMs(cache)
        await new Promise(resolve => setTimeout(resolve, 30))
        return counts(window)
      },
      100,
    )
    expect(outcome).toBe('rebuilt')
    const { 'asof:0': asof, 'asof:1': asof1, 'minutes-to': minutesTo, ...rest } = await hash(cache)
    expect(rest).toEqual({
      total: '3',
      'minutes-from': '-',
      'applied:0': `3:${BIG_TAG}`,
      'applied:1': '0:0',
      'minute:-1': '1',
      'minute:5': '2',
    })
    expect(asof1).toBe(asof)
    expect(Number(asof)).toBeGreaterThanOrEqual(before)
    expect(Number(asof)).toBeLessThanOrEqual(during)
    expect(Number(minutesTo)).toBe(Math.floor(Number(asof) / 60_000) + 2 * 24 * 60)
  })

  test('records where its minutes begin if older ones were omitted', async () => {
    const { cache } = under()
    await rebuild(cache, async window => counts(window, { minutesFrom: -1 }), 2)
    expect((await hash(cache))['minutes-from']).toBe('-1')
    expect((await readHash(cache, 2))?.minutesFrom).toBe(-1)
  })

  test('requests no more minutes than the cache may hold', async () => {
    const { cache } = under()
    let asked: RebuildWindow | undefined
    await rebuild(cache, async window => counts((asked = window)), 17)
    expect(asked?.maxMinutes).toBe(17)
  })

  test('claims before it reads: a flush between snapshot and replacement is refused, not lost', async () => {
    const { cache } = under()
    await plantHash(cache)
    let refused: unknown
    await rebuild(
      cache,
      async window => {
        const snapshot = counts(window)
        refused = await flush(cache, laneFlush(START, [1])) // after the snapshot was read
        return snapshot
      },
      100,
    )
    expect(refused).toEqual({ kind: 'incomplete', field: 'claim' })
    expect((await hash(cache))['total']).toBe('3')
  })

  test('writes far more minutes than Lua can unpack at once', async () => {
    const { cache } = under()
    const minutes = new Map(Array.from({ length: FAR_MORE_MINUTES }, (_, index) => [index - 5_000, BigInt(index + 1)]))
    expect(await rebuild(cache, async window => counts(window, { minutes }), 30_000)).toBe('rebuilt')
    expect((await readWholeHash(cache, 2))?.minutes).toEqual(minutes)
  })

  test('does nothing while another one is running', async () => {
    const { cache } = under()
    await untilQuick(VOID_AFTER_MS - 10, async () => {
      await cache.flushall()
      await claim(cache, 'other', await readTimeMs(cache))
      const read = vi.fn<() => Promise<CountsSnapshot>>()
      expect(await rebuild(cache, read, 100)).toBe('claimed')
      expect(read).not.toHaveBeenCalled()
    })
  })

  test('writes nothing if another one took over the claim', async () => {
    const { cache } = under()
    const outcome = await rebuild(
      cache,
      async window => {
        await cache.hset(HASH, 'claim', 'other:1')
        return counts(window)
      },
      100,
    )
    expect(outcome).toBe('lost')
    expect(await hash(cache)).toEqual({ claim: 'other:1' })
  })

  test('keeps its claim while the snapshot takes long', async () => {
    const { cache, connect } = under()
    const second = await connect()
    let claims: (string | null)[] = []
    await rebuild(
      cache,
      async window => {
        const first = await second.hget(HASH, 'claim')
        await vi.waitUntil(async () => (await second.hget(HASH, 'claim')) !== first, { timeout: 40_000, interval: 20 })
        claims = [first, await second.hget(HASH, 'claim')]
        return counts(window)
      },
      100,
    )
    const [token, renewed] = claims.map(text => text?.split(':')[0])
    expect(renewed).toBe(token)
    expect((await hash(cache))['total']).toBe('3')
  })

  test('whose snapshot fails leaves only a claim that another one takes over later, not half a hash', async () => {
    const { cache } = under()
    await plantHash(cache)
    await expect(rebuild(cache, async () => Promise.reject(new Error('Postgres is down')), 100)).rejects.toThrow('Postgres is down')
    expect(Object.keys(await hash(cache))).toEqual(['claim'])
  })
})

describe('the renewal of minutes-to', () => {
  const DAY_MINUTES = 24 * 60
  test.each([
    [2 * DAY_MINUTES, false],
    [DAY_MINUTES, false],
    [DAY_MINUTES - 1, true],
    [-5, true],
  ])('with %i minutes left: %s', (left, renewal) => {
    expect(needsRenewal(1_000_000 + left, 1_000_000 * 60_000 + 59_999)).toBe(renewal)
  })
})
