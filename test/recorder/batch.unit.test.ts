import { describe, expect, test } from 'vitest'
import { Batch, type Waiter } from '../../src/server/recorder/batch.ts'
import type { RequestedPing } from '../../src/server/recorder/ping-recorder.ts'
import { TimestampConflictError } from '../../src/server/recorder/timestamp-conflict-error.ts'
import { UnavailableError } from '../../src/transport/errors.ts'
import { ping } from './recorder-fixture.ts'

const A = '00000000-0000-4000-8000-00000000000a'
const B = '00000000-0000-4000-8000-00000000000b'
const recorded = (known: ReadonlyMap<string, bigint>) => ({ lane: 0, before: { seq: 0n, tag: 0n }, tag: 1n, inserted: [], known })

/** The outcomes of a batch's pings, by the order in which they were added. */
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
  test('holds each id once, sorted, with the first time given for it, and reports which ids callers gave', () => {
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

  test('reports an id as given if one of its callers gave it', () => {
    const batch = new Batch(0)
    new Outcomes(batch).add({ ...ping(1n, A), idGiven: false }, ping(1n, A))
    expect(batch.seal()).toEqual({ pings: [{ id: A, timestampMs: 1n }], given: [A] })
  })

  test('answers each caller according to the time that is recorded', () => {
    const batch = new Batch(0)
    const { got } = new Outcomes(batch).add(ping(1n, A), ping(5n, A), ping('none', A), ping(2n, B))
    batch.seal()
    expect(batch.settle(recorded(new Map([[A, 5n]])))).toBe(3)
    expect([...got.values()].map(error => error?.constructor)).toEqual([TimestampConflictError, undefined, undefined, undefined])
  })

  test('answers the callers of one id according to the time that was added first', () => {
    const batch = new Batch(0)
    const { got } = new Outcomes(batch).add(ping(2n, B), ping(5n, A), ping(1n, A), ping('none', A), ping(5n, A))
    batch.seal()
    expect(batch.settle(recorded(new Map()))).toBe(4)
    expect([...got.values()].map(error => error?.constructor)).toEqual([undefined, undefined, TimestampConflictError, undefined, undefined])
  })

  test('that took too long answers its callers with an error, and answers none of them again', () => {
    const batch = new Batch(0)
    const { got } = new Outcomes(batch).add(ping(1n, A))
    batch.seal()
    batch.expire(1_000)
    expect(batch.expired).toBe(true)
    expect(got.get(0)).toBeInstanceOf(UnavailableError)
    expect(String(got.get(0))).toContain(`not recorded within 1000 ms: the ping may or may not be recorded; try again with ping_id ${A}`)
    expect(batch.settle(recorded(new Map()))).toBe(0) // too late: no caller was acked
    batch.fail(new Error('no'))
  })

  test('that the ledger rejects answers every caller with the error', () => {
    const batch = new Batch(0)
    const { got } = new Outcomes(batch).add(ping(1n, A), ping(1n, A))
    const error = new Error('no')
    batch.fail(error)
    expect([...got.values()]).toEqual([error, error])
  })
})
