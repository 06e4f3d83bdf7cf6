import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { Feed, type FeedOptions } from '../../src/runtime/feed.ts'
import { wait } from '../../src/runtime/wait.ts'

const PAUSE_MS = 250

/** A feed of numbers: the test sets `now`, and counts the looks. */
function createFeed(options: Partial<FeedOptions<number>> = {}) {
  const seen = { now: 0, looks: 0 }
  const look = async (): Promise<number> => {
    seen.looks++
    return seen.now
  }
  const feed = new Feed<number>({ look, isSame: (shown, found) => shown === found, pauseMs: () => PAUSE_MS, ...options })
  return { feed, seen }
}

/** Reads a watch to its end. */
function readAll(states: AsyncIterable<number>): { readonly got: number[]; readonly end: Promise<unknown> } {
  const got: number[] = []
  const read = async (): Promise<unknown> => {
    try {
      for await (const state of states) got.push(state)
      return 'ended'
    } catch (error) {
      return error
    }
  }
  return { got, end: read() }
}

describe('a feed', () => {
  let ended = new AbortController()
  beforeEach(() => {
    vi.useFakeTimers()
    ended = new AbortController()
  })
  afterEach(() => {
    ended.abort()
    vi.useRealTimers()
  })

  test('shows the state at once, then each change, and nothing while there is none', async () => {
    const { feed, seen } = createFeed()
    const { got } = readAll(feed.watch(ended.signal))
    await vi.advanceTimersByTimeAsync(0)
    expect(got).toEqual([0])
    await vi.advanceTimersByTimeAsync(10 * PAUSE_MS)
    expect(got).toEqual([0])
    seen.now = 1
    await vi.advanceTimersByTimeAsync(PAUSE_MS)
    expect(got).toEqual([0, 1])
  })

  test('gives no watcher two states within a pause, whenever it joined, and misses no change', async () => {
    const { feed, seen } = createFeed()
    const gaps: number[] = []
    const lastOf: number[] = []
    const read = async (watcher: number): Promise<void> => {
      let before = -Infinity
      for await (const state of feed.watch(ended.signal)) {
        gaps.push(performance.now() - before)
        before = performance.now()
        lastOf[watcher] = state
      }
    }
    for (let watcher = 0; watcher < 30; watcher++) {
      void read(watcher)
      seen.now++
      await vi.advanceTimersByTimeAsync(70)
    }
    await vi.advanceTimersByTimeAsync(2 * PAUSE_MS)
    expect(Math.min(...gaps)).toBeGreaterThanOrEqual(PAUSE_MS)
    expect(lastOf).toEqual(Array.from({ length: 30 }, () => 30))
  })

  test('looks once a pause, no matter how many watch it, and not at all when the last one has left', async () => {
    const { feed, seen } = createFeed()
    const leaving = Array.from({ length: 10_000 }, () => new AbortController())
    const watchers = leaving.map(({ signal }) => readAll(feed.watch(signal)))
    await vi.advanceTimersByTimeAsync(0)
    expect(seen.looks).toBeLessThanOrEqual(2)
    const joined = seen.looks
    seen.now = 1
    await vi.advanceTimersByTimeAsync(4 * PAUSE_MS)
    await vi.waitUntil(() => watchers.every(({ got }) => got.length === 2))
    const { looks } = seen
    expect(looks - joined).toBeLessThanOrEqual(4)
    expect(watchers.every(({ got }) => got.join() === '0,1')).toBe(true)
    for (const controller of leaving) controller.abort()
    await vi.advanceTimersByTimeAsync(4 * PAUSE_MS)
    expect(seen.looks).toBe(looks)
    expect(feed.isOver).toBe(true)
  })

  test('looks less often if many watchers cost much, so that they take a fifth of the time', async () => {
    const { feed, seen } = createFeed({ isSame: () => false })
    // Each look costs 100 ms of CPU time.
    vi.spyOn(process, 'cpuUsage').mockImplementation(before => ({
      user: before === undefined ? 0 : 90_000,
      system: before === undefined ? 0 : 10_000,
    }))
    for (let watcher = 0; watcher < 200; watcher++) readAll(feed.watch(ended.signal))
    await vi.advanceTimersByTimeAsync(0)
    const joined = seen.looks
    for (let ms = 0; ms < 10_000; ms += 10) await vi.advanceTimersByTimeAsync(10)
    vi.mocked(process.cpuUsage).mockRestore()
    expect(seen.looks - joined).toBeGreaterThan(20)
    expect(seen.looks - joined).toBeLessThanOrEqual(26)
  })

  test('gives a watcher that was slow the newest state, and no older one', async () => {
    const { feed, seen } = createFeed()
    const states = feed.watch(ended.signal)
    expect((await states.next()).value).toBe(0)
    for (seen.now = 1; seen.now < 9; seen.now++) await vi.advanceTimersByTimeAsync(PAUSE_MS)
    await vi.advanceTimersByTimeAsync(PAUSE_MS)
    expect((await states.next()).value).toBe(9)
  })

  test('shows a watcher what its caller did before, although an earlier look is still under way', async () => {
    const gate = Promise.withResolvers<void>()
    const seen = { now: 0 }
    const look = async (): Promise<number> => {
      const found = seen.now
      await gate.promise
      return found
    }
    const { feed } = createFeed({ look })
    const first = feed.watch(ended.signal).next()
    await vi.advanceTimersByTimeAsync(0)
    seen.now = 1
    const second = feed.watch(ended.signal).next()
    gate.resolve()
    expect([(await first).value, (await second).value]).toEqual([0, 1])
  })

  test('ends all watches with the failure of a look, after the newest state', async () => {
    const down = new Error('down')
    const seen = { now: 0, isDown: false }
    const { feed } = createFeed({ look: () => (seen.isDown ? Promise.reject(down) : Promise.resolve(seen.now)) })
    const early = readAll(feed.watch(ended.signal))
    await vi.advanceTimersByTimeAsync(PAUSE_MS)
    const slow = feed.watch(ended.signal)
    await slow.next()
    seen.now = 1
    await vi.advanceTimersByTimeAsync(PAUSE_MS)
    seen.isDown = true
    await vi.advanceTimersByTimeAsync(PAUSE_MS)
    expect([early.got, await early.end, feed.isOver]).toEqual([[0, 1], down, true])
    expect((await slow.next()).value).toBe(1)
    await expect(slow.next()).rejects.toBe(down)
  })

  test('ends a watch whose first look never ends as soon as it is asked to', async () => {
    const { feed } = createFeed({ look: () => new Promise(() => undefined) })
    const { got, end } = readAll(feed.watch(ended.signal))
    await vi.advanceTimersByTimeAsync(PAUSE_MS)
    ended.abort()
    expect([await end, got, feed.isOver]).toEqual(['ended', [], true])
  })

  test('begins no look, whose failure nobody would see, for a watch that was ended before it began', async () => {
    const { feed, seen } = createFeed()
    expect(await readAll(feed.watch(AbortSignal.abort())).end).toBe('ended')
    expect(seen.looks).toBe(0)
  })
})

test('many watchers are not all woken in one turn of the event loop, so that other work gets its turn', async () => {
  const seen = { now: 0, woken: 0, turns: 0 }
  const turnsOfTick: number[] = []
  const feed = new Feed<number>({ look: async () => ++seen.now, isSame: () => false, pauseMs: () => 1 })
  const ended = new AbortController()
  const watchers = 400
  const read = async (signal: AbortSignal): Promise<void> => {
    for await (const state of feed.watch(signal)) {
      turnsOfTick[state] ??= seen.turns
      if (++seen.woken % watchers === 0) turnsOfTick[state] = seen.turns - turnsOfTick[state]
    }
  }
  const turn = (): void => {
    seen.turns++
    if (!ended.signal.aborted) setImmediate(turn)
  }
  turn()
  const reads = Array.from({ length: watchers }, () => read(AbortSignal.any([ended.signal])))
  await vi.waitUntil(() => seen.woken >= 6 * watchers, { timeout: 30_000, interval: 5 })
  ended.abort()
  await Promise.all(reads)
  expect(Math.max(...turnsOfTick.filter(turns => turns !== undefined))).toBeGreaterThanOrEqual(3)
})

test('watches free their memory when they end, although the state does not change', async () => {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  const { feed } = createFeed({ pauseMs: () => 1 })
  const staying = new AbortController()
  const stays = feed.watch(staying.signal)
  await stays.next()
  const watchAndLeave = async (): Promise<void> => {
    const ended = new AbortController()
    const states = feed.watch(ended.signal)
    await states.next()
    const end = states.next()
    await wait(10)
    ended.abort()
    await end
  }
  const many = (count: number): Promise<unknown> => Promise.all(Array.from({ length: count }, watchAndLeave))
  const held = async (): Promise<number> => {
    await wait(10)
    collect()
    return process.memoryUsage().heapUsed
  }
  await many(1_000) // whatever is made once
  const before = await held()
  for (let round = 0; round < 4; round++) await many(1_000)
  const bytes = ((await held()) - before) / 4_000
  staying.abort()
  expect(bytes).toBeLessThan(50)
})
