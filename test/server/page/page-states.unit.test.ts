import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { MinuteSums } from '../../../src/server/count-reader/minute-sums.ts'
import { FirstViews } from '../../../src/server/page/html/first-views.ts'
import { stateJson, type PageState } from '../../../src/server/page/page-state.ts'
import { MINUTE_MS } from '../../../src/terms/minute.ts'
import { FakeReader, statesOf } from './page-reader.ts'

const unanswered = () => new Promise<never>(() => undefined)
const refused = () => Promise.reject(new Error('refused'))

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

/** After this time without an event, a browser takes the stream for dead: `SILENT_MS` of assets/server.js. */
const SILENT_S = 20
const AT_REST = [{ lane: 0, seq: 12n, tag: 1n, published: 12n }]

/** Collects what a viewer gets until the test ends it. */
function view(states: AsyncGenerator<PageState>): PageState[] {
  const got: PageState[] = []
  void (async () => {
    for await (const state of states) got.push(state)
  })()
  return got
}

const partOf = ({ parts }: PageState, name: string) => parts.find(part => part.name === name)?.state

describe('the state of the live page', () => {
  test('has the total, the time up to which it is complete, the lanes and the sum of the heads', async () => {
    const reader = new FakeReader()
    reader.lanes = [{ lane: 0, seq: 2n ** 62n, tag: 1n, published: 5n }]
    const state = await statesOf(reader).now()
    expect(state.total).toEqual({ count: 12n, source: 'cache', ageMs: 300 })
    expect(state.provenAtMs).toBe(state.atMs - 300)
    expect(state.version).toBe('4611686018427387904')
    expect(JSON.parse(stateJson(state))).toMatchObject({
      total: { count: '12' },
      lanes: [{ lane: 0, head: '4611686018427387904', published: '5', applied: '12', ageMs: 300 }],
    })
    expect(stateJson(state)).not.toContain('\n')
  })

  test('has no total, and no time, when nothing can prove a count', async () => {
    const reader = Object.assign(new FakeReader(), { total: refused, progress: refused, cacheLook: async () => undefined })
    const state = await statesOf(reader).now()
    expect(state).toMatchObject({ total: undefined, provenAtMs: undefined, perSecond: undefined, lanes: undefined, version: '' })
    expect(state.parts.map(({ state: of }) => of)).toEqual(['late', 'late', 'late', 'late'])
  })

  test('has the newest minutes, unless the cache cannot count them, and those of the last ping at rest', async () => {
    vi.setSystemTime(Date.UTC(2026, 10, 28, 21, 4, 5))
    const reader = new FakeReader()
    reader.lanes = AT_REST
    const states = statesOf(reader)
    const minute = Date.UTC(2026, 10, 28, 21, 4) / MINUTE_MS
    const firstMs = (minute - 2) * MINUTE_MS
    const counts = [minute - 2, minute - 1, minute].map(BigInt)
    expect((await states.now()).minutes).toEqual({ firstMs, counts })
    reader.cachedMinutes = async () => undefined
    await vi.advanceTimersByTimeAsync(1_000)
    expect((await states.now()).minutes).toEqual({ firstMs, counts })
    reader.total = async () => ({ count: 13n, source: 'cache', ageMs: 300 })
    await vi.advanceTimersByTimeAsync(1_000)
    expect((await states.now()).minutes).toBeUndefined()
  })

  test('has the minute of a ping that ends the rest with the total that counts it', async () => {
    const reader = new FakeReader()
    reader.lanes = AT_REST
    const states = statesOf(reader)
    await states.now()
    await vi.advanceTimersByTimeAsync(1_000)
    reader.lanes = [{ lane: 0, seq: 13n, tag: 1n, published: 13n }]
    reader.total = async () => ({ count: 13n, source: 'cache', ageMs: 300 })
    reader.cachedMinutes = async ({ startMs, endMs }) => {
      const [from, to] = [Number(startMs) / MINUTE_MS, Number(endMs) / MINUTE_MS]
      return { sums: MinuteSums.of({ from, to, minutes: new Map([[to - 1, 13]]) })!, provenMs: performance.now() }
    }
    expect(await states.now()).toMatchObject({ total: { count: 13n }, version: '13', minutes: { counts: [0n, 0n, 13n] } })
  })

  test('comes in time for the first view if nothing answers', async () => {
    const hanging = { total: unanswered, progress: unanswered, cacheLook: unanswered, cachedMinutes: unanswered }
    const views = new FirstViews({ states: statesOf(Object.assign(new FakeReader(), hanging)), buckets: { list: unanswered } })
    const state = views.state()
    await vi.advanceTimersByTimeAsync(2_000)
    expect((await state)?.parts.map(({ state: of }) => of)).toEqual(['late', 'late', 'late', 'late'])
  })

  test('comes without a part that hangs, and shows what was known of it, as old as it has become', async () => {
    const reader = new FakeReader()
    const states = statesOf(reader)
    await states.now()
    Object.assign(reader, { total: unanswered, progress: unanswered })
    await vi.advanceTimersByTimeAsync(3_000)
    const late = states.now()
    await vi.advanceTimersByTimeAsync(1_000)
    const state = await late
    expect(state.total).toMatchObject({ count: 12n, ageMs: expect.closeTo(3_900, -3) })
    expect([partOf(state, 'postgres'), state.lanes?.length]).toEqual(['late', 1])
    await vi.advanceTimersByTimeAsync(3_000)
    const later = states.now()
    await vi.advanceTimersByTimeAsync(1_000)
    expect([partOf(await later, 'postgres'), (await later).lanes, (await later).version]).toEqual(['late', undefined, '12'])
  })

  test('asks a part that hangs only once', async () => {
    const reader = new FakeReader()
    reader.progress = vi.fn<FakeReader['progress']>(unanswered)
    const ended = new AbortController()
    view(statesOf(reader).watch(ended.signal))
    await vi.advanceTimersByTimeAsync(10_000)
    expect(reader.progress).toHaveBeenCalledTimes(1)
    ended.abort()
  })

  test('does not report a part that has missed one look', async () => {
    const reader = new FakeReader()
    const states = statesOf(reader)
    await states.now()
    await vi.advanceTimersByTimeAsync(1_000)
    reader.cacheLook = async () => undefined
    const once = await states.now()
    expect([partOf(once, 'cache'), once.lanes?.[0]?.applied]).toEqual(['up', 12n])
    await vi.advanceTimersByTimeAsync(1_000)
    const twice = await states.now()
    expect([partOf(twice, 'cache'), twice.lanes?.[0]?.applied]).toEqual(['late', undefined])
    await vi.advanceTimersByTimeAsync(1_500)
    expect(partOf(await states.now(), 'cache')).toBe('down')
  })

  test('is looked at once for all viewers, once a second, and not without viewers', async () => {
    const reader = new FakeReader()
    reader.progress = vi.fn<FakeReader['progress']>(async () => reader.lanes)
    const states = statesOf(reader)
    const ended = new AbortController()
    const viewers = Array.from({ length: 100 }, () => view(states.watch(ended.signal)))
    await vi.advanceTimersByTimeAsync(10_000)
    expect(reader.progress).toHaveBeenCalledTimes(11)
    expect(new Set(viewers.map(got => got[0])).size).toBe(1)
    ended.abort()
    await vi.advanceTimersByTimeAsync(10_000)
    expect(reader.progress).toHaveBeenCalledTimes(11)
  })

  test('is sent again at a change, and at rest every five seconds with its times', async () => {
    const reader = new FakeReader()
    const ended = new AbortController()
    const got = view(statesOf(reader).watch(ended.signal))
    await vi.advanceTimersByTimeAsync(0)
    expect(got.length).toBe(1)
    await vi.advanceTimersByTimeAsync(2_100)
    expect(got.map(({ perSecond }) => perSecond)).toEqual([undefined, 0]) // the first rate is news
    reader.lanes = AT_REST
    await vi.advanceTimersByTimeAsync(1_000)
    const whenRested = got.length
    await vi.advanceTimersByTimeAsync(20_000)
    expect(got.length).toBe(whenRested + 4)
    const before = got.length
    reader.lanes = [{ lane: 0, seq: 13n, tag: 1n, published: 12n }]
    reader.total = async () => ({ count: 13n, source: 'cache', ageMs: 300 })
    await vi.advanceTimersByTimeAsync(2_100)
    expect(got.length).toBe(before + 1)
    expect(got.at(-1)?.version).toBe('13')
    ended.abort()
  })

  test('is sent again if the clock of the server was set back by an hour', async () => {
    const reader = new FakeReader()
    reader.lanes = AT_REST
    const ended = new AbortController()
    const got = view(statesOf(reader).watch(ended.signal))
    await vi.advanceTimersByTimeAsync(10_000)
    vi.setSystemTime(Date.now() - 3_600_000)
    const before = got.length
    await vi.advanceTimersByTimeAsync(SILENT_S * 1_000)
    expect(got.length).toBeGreaterThan(before)
    ended.abort()
  })

  test('at rest is that of the cache, and of Postgres every five seconds or once something changes or is wrong', async () => {
    const reader = new FakeReader()
    reader.lanes = AT_REST
    const progress = vi.fn<FakeReader['progress']>(async () => reader.lanes)
    const cacheLook = vi.fn(reader.cacheLook)
    Object.assign(reader, { progress, cacheLook })
    const looks = async (seconds: number) => {
      vi.clearAllMocks()
      await vi.advanceTimersByTimeAsync(seconds * 1_000)
      return [progress.mock.calls.length, cacheLook.mock.calls.length]
    }
    const ended = new AbortController()
    const got = view(statesOf(reader).watch(ended.signal))
    await looks(1)
    expect(await looks(20)).toEqual([4, 12]) // every two seconds, and whenever Postgres is read
    expect(got.at(-1)).toMatchObject({ perSecond: 0, version: '12' })
    reader.total = async () => ({ count: 12n, source: 'database', ageMs: 1 }) // the cache is not fresh
    expect(await looks(3)).toEqual([3, 3])
    ended.abort()
  })

  test('at rest is looked for at once if this server has recorded a ping', async () => {
    const reader = new FakeReader()
    reader.lanes = AT_REST
    let recorded = 0
    const ended = new AbortController()
    const got = view(statesOf(reader, { recordedBatches: () => recorded }).watch(ended.signal))
    await vi.advanceTimersByTimeAsync(4_000)
    const cacheLook = vi.fn(reader.cacheLook)
    reader.cacheLook = cacheLook
    for (let seconds = 0; seconds < 60 && cacheLook.mock.calls.length === 0; seconds++) await vi.advanceTimersByTimeAsync(1_000)
    expect(cacheLook).toHaveBeenCalled()
    reader.total = async () => ({ count: 13n, source: 'cache', ageMs: 300 })
    recorded++
    await vi.advanceTimersByTimeAsync(1_000)
    expect(got.at(-1)?.total?.count).toBe(13n)
    ended.abort()
  })

  test('at rest is looked for again a second later if the cache did not have a ping yet that this server had recorded', async () => {
    const reader = new FakeReader()
    reader.lanes = AT_REST
    let recorded = 0
    const ended = new AbortController()
    const got = view(statesOf(reader, { recordedBatches: () => recorded }).watch(ended.signal))
    await vi.advanceTimersByTimeAsync(4_000)
    const cacheLook = vi.fn(reader.cacheLook)
    reader.cacheLook = cacheLook
    while (cacheLook.mock.calls.length === 0) await vi.advanceTimersByTimeAsync(1_000)
    recorded++
    await vi.advanceTimersByTimeAsync(1_000)
    reader.total = async () => ({ count: 13n, source: 'cache', ageMs: 300 })
    await vi.advanceTimersByTimeAsync(1_000)
    expect(got.at(-1)?.total?.count).toBe(13n)
    ended.abort()
  })

  test('is looked for when a viewer comes, also at rest', async () => {
    const reader = new FakeReader()
    reader.lanes = AT_REST
    const states = statesOf(reader)
    const ended = new AbortController()
    view(states.watch(ended.signal))
    await vi.advanceTimersByTimeAsync(500)
    reader.total = async () => ({ count: 13n, source: 'cache', ageMs: 300 })
    const got = view(states.watch(ended.signal))
    await vi.advanceTimersByTimeAsync(0)
    expect(got.map(({ total }) => total?.count)).toEqual([13n])
    ended.abort()
  })

  test('without news is sent again less often the more viewers there are, but in time for a browser to know that the stream lives', async () => {
    const reader = new FakeReader()
    reader.lanes = AT_REST
    const states = statesOf(reader)
    const ended = new AbortController()
    const watch = (viewers: number) => Array.from({ length: viewers }, () => view(states.watch(ended.signal)))
    const [got] = watch(1)
    const pauses = async () => {
      await vi.advanceTimersByTimeAsync(10_000)
      got!.splice(0)
      await vi.advanceTimersByTimeAsync(60_000)
      return got!.slice(1).map(({ atMs }, index) => (atMs - got![index]!.atMs) / 1_000)
    }
    expect(new Set(await pauses())).toEqual(new Set([5]))
    watch(99)
    expect(Math.min(...(await pauses()))).toBeGreaterThanOrEqual(10)
    watch(900)
    const most = Math.max(...(await pauses()))
    expect(most).toBeGreaterThanOrEqual(12)
    expect(most).toBeLessThan(SILENT_S - 3)
    ended.abort()
  })

  test('of viewers that poll is looked at four times a second', async () => {
    const reader = new FakeReader()
    reader.progress = vi.fn<FakeReader['progress']>(async () => reader.lanes)
    const states = statesOf(reader)
    for (let poll = 0; poll < 1_000; poll++) {
      await states.now()
      await vi.advanceTimersByTimeAsync(1)
    }
    expect(reader.progress).toHaveBeenCalledTimes(4)
  })
})
