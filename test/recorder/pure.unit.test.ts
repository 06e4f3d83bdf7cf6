import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { Batch } from '../../src/server/batch.ts'
import { TimestampConflictError, UnavailableError } from '../../src/server/errors.ts'
import { LaneChoice } from '../../src/server/lane-choice.ts'
import { ping } from './recorder-fixture.ts'

const A = '00000000-0000-4000-8000-00000000000a'
const B = '00000000-0000-4000-8000-00000000000b'
const recorded = (known: ReadonlyMap<string, bigint>) => ({ lane: 0, before: { seq: 0n, tag: 0n }, tag: 1n, inserted: [], known })

describe('a batch', () => {
  beforeEach(() => void vi.useFakeTimers())
  afterEach(() => void vi.useRealTimers())

  it('holds each id once, sorted, with the first time given for it', () => {
    const batch = new Batch(0, 1_000)
    const waiting = [batch.add(ping(2n, B), 9n), batch.add(ping(1n, A), 9n), batch.add(ping(3n, B), 9n), batch.add(ping('none', '0'), 9n)]
    for (const each of waiting) each.catch(() => undefined)
    expect([batch.size, batch.callers]).toEqual([3, 4])
    expect(batch.sorted()).toEqual([{ id: '0', timestampMs: 9n }, { id: A, timestampMs: 1n }, { id: B, timestampMs: 2n }])
  })

  it('answers each caller by the time that is recorded', async () => {
    const batch = new Batch(0, 1_000)
    const answers = Promise.allSettled([batch.add(ping(1n, A), 9n), batch.add(ping(5n, A), 9n), batch.add(ping('none', A), 9n), batch.add(ping(2n, B), 9n)])
    expect(batch.settle(recorded(new Map([[A, 5n]])))).toBe(3)
    const [first, ...others] = await answers
    expect((first as PromiseRejectedResult).reason).toBeInstanceOf(TimestampConflictError)
    expect(others.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'fulfilled'])
  })

  it('tells its callers when their time is over, and not before', async () => {
    const batch = new Batch(0, 1_000)
    const answer = batch.add(ping(1n, A), 9n).catch((error: unknown) => error)
    vi.advanceTimersByTime(999)
    expect(batch.expired).toBe(false)
    vi.advanceTimersByTime(1)
    expect(batch.expired).toBe(true)
    expect(await answer).toBeInstanceOf(UnavailableError)
    expect(String(await answer)).toContain(`try again with ping_id ${A}`)
    expect(batch.settle(recorded(new Map()))).toBe(0) // late: nobody was acked
  })

  it('leaves no timer behind when it was settled or refused', () => {
    new Batch(0, 1_000).settle(recorded(new Map()))
    new Batch(0, 1_000).fail(new Error('no'))
    expect(vi.getTimerCount()).toBe(0)
  })

  it('that the ledger refuses tells every caller', async () => {
    const batch = new Batch(0, 1_000)
    const answers = Promise.allSettled([batch.add(ping(1n, A), 9n), batch.add(ping(1n, A), 9n)])
    batch.fail(new Error('no'))
    expect((await answers).map(({ status }) => status)).toEqual(['rejected', 'rejected'])
  })
})

describe('the choice of a lane', () => {
  it('offers every lane, the preferred ones first', () => {
    const choice = new LaneChoice(() => [2, 5])
    const lanes = choice.take(8)
    expect(lanes.toSorted()).toEqual([0, 1, 2, 3, 4, 5, 6, 7])
    expect(lanes.slice(0, 2).toSorted()).toEqual([2, 5])
  })

  it('takes each lane in its turn', () => {
    const choice = new LaneChoice(() => [])
    const firsts = Array.from({ length: 6 }, () => {
      const first = choice.take(3)[0]!
      choice.free(first)
      return first
    })
    expect(new Set(firsts.slice(0, 3)).size).toBe(3)
    expect(firsts.slice(3)).toEqual(firsts.slice(0, 3))
  })

  it('keeps two batches apart, preferred lane or not', () => {
    const choice = new LaneChoice(() => [1])
    for (let n = 0; n < 20; n++) {
      const [first, second] = [choice.take(3)[0]!, choice.take(3)[0]!]
      expect(first).toBe(1)
      expect(second).not.toBe(1)
      choice.free(first)
      choice.free(second)
    }
  })

  it('still offers a lane when all are taken, or when the preferred one is gone', () => {
    const choice = new LaneChoice(() => [7])
    expect([choice.take(1), choice.take(1)]).toEqual([[0], [0]])
  })
})
