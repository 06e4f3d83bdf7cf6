import { describe, expect, test } from 'vitest'
import { LaneQueue } from '../../../semaphore/relay/lane-queue.ts'

const START = { seq: 4n, tag: 40n }
const row = (seq: number, size = 10) => ({
  lane: 3,
  seq: BigInt(seq),
  tag: BigInt(seq * 10),
  record: { topic: 't', key: 'r', value: Buffer.alloc(size) },
})

describe("a lane's queue of the semaphore's relay", () => {
  test('keeps rows until Kafka has them, and its position until Postgres has it', () => {
    const queue = new LaneQueue(3, START)
    queue.append([row(5), row(6), row(7)], true)
    expect(queue.first(100_000).map(({ seq }) => seq)).toEqual([5n, 6n, 7n])
    queue.done(2)
    expect([queue.length, queue.sent, queue.published, queue.end.seq]).toEqual([1, { seq: 6n, tag: 60n }, START, 7n])
    queue.publishedTo({ seq: 6n, tag: 60n })
    expect(queue.published.seq).toBe(6n)
  })

  test('sends no more bytes at a time than a record batch holds, but one record at least', () => {
    const queue = new LaneQueue(3, START)
    queue.append([row(5, 2_000), row(6, 2_000), row(7, 2_000)], true)
    expect(queue.first(6_000)).toHaveLength(2)
    expect(queue.first(1)).toHaveLength(1)
  })

  test('knows that rows were committed while it read', () => {
    const queue = new LaneQueue(3, START)
    expect(queue.lacksRows).toBe(true)
    queue.beginRead()
    queue.missRows()
    queue.append([], true)
    expect(queue.lacksRows).toBe(true)
    queue.beginRead()
    queue.append([row(5)], true)
    expect(queue.lacksRows).toBe(false)
    queue.done(1)
    queue.beginRead()
    queue.append([row(6)], false)
    expect(queue.lacksRows).toBe(true)
  })

  test('takes rows that are handed over if they follow on, and has them read otherwise', () => {
    const queue = new LaneQueue(3, START)
    const isFollowing = (): LaneQueue => {
      const following = new LaneQueue(3, START)
      following.beginRead()
      following.append([row(5)], true)
      return following
    }
    queue.offer(START, [row(5)])
    expect([queue.length, queue.lacksRows]).toEqual([0, true]) // rows before it may be missing
    const taking = isFollowing()
    taking.offer({ seq: 5n, tag: 50n }, [row(6), row(7)])
    taking.offer({ seq: 7n, tag: 70n }, [row(8)])
    expect([taking.length, taking.end.seq, taking.lacksRows]).toEqual([4, 8n, false])
    taking.done(4)
    taking.offer({ seq: 8n, tag: 80n }, [row(9)])
    expect(taking.first(1).map(({ seq }) => seq)).toEqual([9n])
    for (const before of [
      { seq: 5n, tag: 51n }, // of another history
      { seq: 6n, tag: 60n },
      { seq: 4n, tag: 40n },
    ]) {
      const missing = isFollowing()
      missing.offer(before, [row(Number(before.seq) + 1)])
      expect([missing.length, missing.lacksRows]).toEqual([1, true])
    }
  })

  test('takes no rows that are handed over during a read, which may have them, nor more than it has room for', () => {
    const reading = new LaneQueue(3, START)
    reading.beginRead()
    reading.offer(START, [row(5)])
    expect([reading.length, reading.lacksRows]).toEqual([0, true])
    const full = new LaneQueue(3, START)
    full.beginRead()
    full.append([], true)
    full.offer(START, [row(5, 300_000)])
    full.offer({ seq: 5n, tag: 50n }, [row(6, 300_000)])
    expect([full.length, full.lacksRows]).toEqual([1, true])
    full.done(1)
    full.beginRead()
    full.append([row(6, 300_000)], true)
    full.done(1)
    full.offer({ seq: 6n, tag: 60n }, [row(7, 300_000)])
    expect([full.length, full.lacksRows]).toEqual([1, false])
  })

  test('refuses what would break the order of the lane', () => {
    const queue = new LaneQueue(3, START)
    queue.append([row(5)], true)
    expect(() => queue.append([row(5)], true)).toThrow('lane 3: row 5 after 5')
    expect(() => queue.done(2)).toThrow('lane 3: 2 rows done, 1 queued')
    expect(() => queue.publishedTo({ seq: 5n, tag: 50n })).toThrow('lane 3: published to 5, sent to 4')
  })
})
