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

  test('refuses what would break the order of the lane', () => {
    const queue = new LaneQueue(3, START)
    queue.append([row(5)], true)
    expect(() => queue.append([row(5)], true)).toThrow('lane 3: row 5 after 5')
    expect(() => queue.done(2)).toThrow('lane 3: 2 rows done, 1 queued')
    expect(() => queue.publishedTo({ seq: 5n, tag: 50n })).toThrow('lane 3: published to 5, sent to 4')
  })
})
