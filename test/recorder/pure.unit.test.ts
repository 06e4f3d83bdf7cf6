import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { TimestampConflictError, UnavailableError } from '../../src/server/errors.ts'
import { Batch, type Waiter } from '../../src/server/recorder/batch.ts'
import { Crowd } from '../../src/server/recorder/crowd.ts'
import { LaneChoice } from '../../src/server/recorder/lane-choice.ts'
import { OpenBatches } from '../../src/server/recorder/open-batches.ts'
import type { RequestedPing } from '../../src/server/recorder/ping-recorder.ts'
import { ping } from './recorder-fixture.ts'

const A = '00000000-0000-4000-8000-00000000000a'
const B = '00000000-0000-4000-8000-00000000000b'
const recorded = (known: ReadonlyMap<string, bigint>) => ({ lane: 0, before: { seq: 0n, tag: 0n }, tag: 1n, inserted: [], known })

/** What became of the pings of a batch, by the order in which they were added. */
class Outcomes implements Waiter {
  readonly got = new Map<number, Error | undefined>()
  readonly #batch: Batch

  constructor(batch: Batch) {
    this.#batch = batch
  }

  add(...pings: readonly RequestedPing[]): this {
    for (const each of pings) this.#batch.add(each, 9n, this, this.#batch.callers)
    return this
  }

  answer(index: number, error: Error | undefined): void {
    expect(this.got.has(index)).toBe(false)
    this.got.set(index, error)
  }
}

describe('a batch', () => {
  test('holds each id once, sorted, with the first time given for it, and says which ids callers gave', () => {
    const batch = new Batch(0)
    const own: RequestedPing = { id: '1', timestampMs: 4n, idGiven: false }
    new Outcomes(batch).add(ping(2n, B), own, ping(1n, A), ping(3n, B), ping('none', '0'))
    expect(batch.callers).toBe(5)
    expect(batch.seal()).toEqual({
      pings: [
        { id: '0', timestampMs: 9n },
        { id: A, timestampMs: 1n },
        { id: B, timestampMs: 2n },
        { id: '1', timestampMs: 4n },
      ].sort((a, b) => (a.id < b.id ? -1 : 1)),
      given: ['0', A, B],
    })
  })

  test('knows an id as given if one of its callers gave it', () => {
    const batch = new Batch(0)
    new Outcomes(batch).add({ ...ping(1n, A), idGiven: false }, ping(1n, A))
    expect(batch.seal()).toEqual({ pings: [{ id: A, timestampMs: 1n }], given: [A] })
  })

  test('answers each caller by the time that is recorded', () => {
    const batch = new Batch(0)
    const { got } = new Outcomes(batch).add(ping(1n, A), ping(5n, A), ping('none', A), ping(2n, B))
    batch.seal()
    expect(batch.settle(recorded(new Map([[A, 5n]])))).toBe(3)
    expect([...got.values()].map(error => error?.constructor)).toEqual([TimestampConflictError, undefined, undefined, undefined])
  })

  test('answers the callers of one id by the time that came first', () => {
    const batch = new Batch(0)
    const { got } = new Outcomes(batch).add(ping(2n, B), ping(5n, A), ping(1n, A), ping('none', A), ping(5n, A))
    batch.seal()
    expect(batch.settle(recorded(new Map()))).toBe(4)
    expect([...got.values()].map(error => error?.constructor)).toEqual([undefined, undefined, TimestampConflictError, undefined, undefined])
  })

  test('that took too long tells its callers so, and answers none of them again', () => {
    const batch = new Batch(0)
    const { got } = new Outcomes(batch).add(ping(1n, A))
    batch.seal()
    batch.expire(1_000)
    expect(batch.expired).toBe(true)
    expect(got.get(0)).toBeInstanceOf(UnavailableError)
    expect(String(got.get(0))).toContain(`not recorded within 1000 ms: the ping may or may not be recorded; try again with ping_id ${A}`)
    expect(batch.settle(recorded(new Map()))).toBe(0) // late: nobody was acked
    batch.fail(new Error('no'))
  })

  test('that the ledger refuses tells every caller', () => {
    const batch = new Batch(0)
    const { got } = new Outcomes(batch).add(ping(1n, A), ping(1n, A))
    const error = new Error('no')
    batch.fail(error)
    expect([...got.values()]).toEqual([error, error])
  })
})

describe('open batches', () => {
  beforeEach(() => void vi.useFakeTimers())
  afterEach(() => void vi.useRealTimers())

  test('expire each when its time is over, and not before; a settled one does not', () => {
    const open = new OpenBatches(1_000)
    const [first, settled] = [new Batch(performance.now()), new Batch(performance.now())]
    open.add(first)
    open.add(settled)
    vi.advanceTimersByTime(400)
    const later = new Batch(performance.now())
    open.add(later)
    open.delete(settled)
    expect(vi.getTimerCount()).toBe(1)
    vi.advanceTimersByTime(599)
    expect(first.expired).toBe(false)
    vi.advanceTimersByTime(1)
    expect([first.expired, settled.expired, later.expired]).toEqual([true, false, false])
    vi.advanceTimersByTime(399)
    expect(later.expired).toBe(false)
    vi.advanceTimersByTime(1)
    expect(later.expired).toBe(true)
    expect(vi.getTimerCount()).toBe(0)
  })

  test('leave no timer behind when they are stopped', () => {
    const open = new OpenBatches(1_000)
    open.add(new Batch(performance.now()))
    open.stop()
    expect(vi.getTimerCount()).toBe(0)
  })
})

describe('a crowd', () => {
  test('never lets a caller wait when no batch is in flight', () => {
    const crowd = new Crowd()
    crowd.sent(500)
    expect(crowd.isGathered(1, 0)).toBe(true)
  })

  test('gathers half of its callers while a batch is in flight', () => {
    const crowd = new Crowd()
    crowd.sent(64)
    expect([crowd.isGathered(31, 1), crowd.isGathered(32, 1)]).toEqual([false, true])
  })

  test('forgets callers that do not come any more', () => {
    const crowd = new Crowd()
    crowd.sent(64)
    for (let n = 0; n < 40; n++) crowd.sent(2)
    expect(crowd.isGathered(1, 1)).toBe(true)
  })
})

describe('the choice of a lane', () => {
  test('offers every lane, the preferred ones first', () => {
    const choice = new LaneChoice(() => [2, 5])
    const lanes = choice.take(8)
    expect(lanes.toSorted()).toEqual([0, 1, 2, 3, 4, 5, 6, 7])
    expect(lanes.slice(0, 2).toSorted()).toEqual([2, 5])
  })

  test('takes each lane in its turn', () => {
    const choice = new LaneChoice(() => [])
    const firsts = Array.from({ length: 6 }, () => {
      const first = choice.take(3)[0]!
      choice.free(first)
      return first
    })
    expect(new Set(firsts.slice(0, 3)).size).toBe(3)
    expect(firsts.slice(3)).toEqual(firsts.slice(0, 3))
  })

  test('keeps two batches apart, preferred lane or not', () => {
    const choice = new LaneChoice(() => [1])
    for (let n = 0; n < 20; n++) {
      const [first, second] = [choice.take(3)[0]!, choice.take(3)[0]!]
      expect(first).toBe(1)
      expect(second).not.toBe(1)
      choice.free(first)
      choice.free(second)
    }
  })

  test('still offers a lane when all are taken, or when the preferred one is gone', () => {
    const choice = new LaneChoice(() => [7])
    expect([choice.take(1), choice.take(1)]).toEqual([[0], [0]])
  })
})
