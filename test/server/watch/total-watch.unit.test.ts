import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import type { Count } from '../../../src/server/count-reader/count.ts'
import { TotalWatch } from '../../../src/server/watch/total-watch.ts'
import { UnavailableError } from '../../../src/transport/errors.ts'

const DOWN = new UnavailableError('neither the cache nor Postgres can prove a count; try again')

/** A watch of totals that the test sets. */
function createWatch() {
  const reader = {
    answer: { count: 5n, source: 'cache', ageMs: 100 } as Count,
    error: undefined as Error | undefined,
    looks: 0,
    answered: 0n,
  }
  const total = async (): Promise<Count> => {
    reader.looks++
    if (reader.error !== undefined) throw reader.error
    return reader.answer
  }
  return { watch: new TotalWatch({ reader: Object.assign(reader, { total }) }), reader }
}

describe('a watch of the total', () => {
  let ended = new AbortController()
  beforeEach(() => {
    vi.useFakeTimers()
    ended = new AbortController()
  })
  afterEach(() => {
    ended.abort()
    vi.useRealTimers()
  })

  function read(states: AsyncIterable<Count>): Count[] {
    const got: Count[] = []
    void (async () => {
      for await (const state of states) got.push(state)
    })()
    return got
  }

  test('has the total at once, and the newest after each change, with source and age', async () => {
    const { watch, reader } = createWatch()
    const got = read(watch.watch(ended.signal))
    await vi.advanceTimersByTimeAsync(1_000)
    reader.answer = { count: 7n, source: 'database', ageMs: 2 }
    await vi.advanceTimersByTimeAsync(250)
    expect(got).toEqual([
      { count: 5n, source: 'cache', ageMs: 100 },
      { count: 7n, source: 'database', ageMs: 2 },
    ])
  })

  test('lives on while nothing can prove a total, and goes on when something can again', async () => {
    const { watch, reader } = createWatch()
    const got = read(watch.watch(ended.signal))
    await vi.advanceTimersByTimeAsync(0)
    reader.error = DOWN
    await vi.advanceTimersByTimeAsync(10_000)
    expect(got).toHaveLength(1)
    reader.error = undefined
    reader.answer = { count: 8n, source: 'database', ageMs: 3 }
    await vi.advanceTimersByTimeAsync(250)
    expect(got.at(-1)).toEqual({ count: 8n, source: 'database', ageMs: 3 })
  })

  test('ends with an error that is not the lack of a proof', async () => {
    const { watch, reader } = createWatch()
    const totals = watch.watch(ended.signal)
    await totals.next()
    reader.error = new TypeError('a bug')
    const next = expect(totals.next()).rejects.toBe(reader.error)
    await vi.advanceTimersByTimeAsync(250)
    await next
    reader.error = undefined
    expect((await watch.watch(ended.signal).next()).value).toMatchObject({ count: 5n })
  })

  test('starts with the error of a count if nothing can prove one, even if others are watching', async () => {
    const { watch, reader } = createWatch()
    reader.error = DOWN
    await expect(watch.watch(ended.signal).next()).rejects.toBe(DOWN)
    reader.error = undefined
    read(watch.watch(ended.signal))
    await vi.advanceTimersByTimeAsync(0)
    reader.error = DOWN
    await vi.advanceTimersByTimeAsync(500)
    await expect(watch.watch(ended.signal).next()).rejects.toBe(DOWN)
  })

  test('shows an unchanged total again every 30 s, with the age that it has then', async () => {
    const { watch, reader } = createWatch()
    const got = read(watch.watch(ended.signal))
    await vi.advanceTimersByTimeAsync(29_000)
    expect(got).toHaveLength(1)
    reader.error = DOWN
    await vi.advanceTimersByTimeAsync(2_000)
    expect(got).toEqual([
      { count: 5n, source: 'cache', ageMs: 100 },
      { count: 5n, source: 'cache', ageMs: expect.closeTo(1_100, -3) },
    ])
  })

  test('shows a late watcher the total of the last look with its age then, without another look', async () => {
    const { watch, reader } = createWatch()
    read(watch.watch(ended.signal))
    await vi.advanceTimersByTimeAsync(600)
    const { looks } = reader
    const late = watch.watch(ended.signal)
    expect([(await late.next()).value, reader.looks]).toEqual([{ count: 5n, source: 'cache', ageMs: 200 }, looks])
  })

  test('shows no total below one that another call was answered after the last look', async () => {
    const { watch, reader } = createWatch()
    read(watch.watch(ended.signal))
    await vi.advanceTimersByTimeAsync(600)
    reader.answered = 9n
    expect((await watch.watch(ended.signal).next()).value).toEqual({ count: 9n, source: 'cache', ageMs: 200 })
  })
})
