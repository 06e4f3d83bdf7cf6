import { describe, expect, test } from 'vitest'
import { endOfRun, eventsOfRun } from '../../src/events/event-run.ts'
import type { RecordedBatch } from '../../src/ledger/record.ts'
import { LaneQueue, type QueuePhase } from '../../src/relay/lane-queue.ts'
import type { LedgerRow } from '../../src/terms/ping.ts'
import { START, type Position } from '../../src/terms/position.ts'
import { callerContext } from '../support/recording-tracing.ts'

const ROOM = 100
const at = (seq: bigint, tag: bigint): Position => ({ seq, tag })
const rows = (from: bigint, count: number, tag: bigint): readonly LedgerRow[] =>
  Array.from({ length: count }, (_, n) => ({ lane: 3, id: `${tag}-${from + BigInt(n)}`, timestampMs: 0n, seq: from + BigInt(n), tag }))
const batch = (before: Position, count: number, tag: bigint): RecordedBatch => ({
  lane: 3,
  before,
  tag,
  inserted: rows(before.seq + 1n, count, tag).map(({ id, timestampMs }) => ({ id, timestampMs })),
  known: new Map(),
})
const places = (queue: LaneQueue) =>
  queue
    .first(100)
    .flatMap(eventsOfRun)
    .map(({ seq, tag, previousTag }) => [Number(seq), Number(tag), Number(previousTag)])

const queueAt = (published: Position) => new LaneQueue(3, { published, folded: START })

/** A queue that has read up to the head. */
function caughtUp(published: Position): LaneQueue {
  const queue = queueAt(published)
  queue.append([], true)
  return queue
}

describe('the queue of a lane', () => {
  test('starts at the published position, and has to read what follows it', () => {
    const queue = queueAt(at(4n, 9n))
    expect([queue.end, queue.mustRead, queue.length]).toEqual([at(4n, 9n), true, 0])
    queue.offer(batch(at(4n, 9n), 2, 11n), ROOM)
    expect([queue.mustRead, queue.length]).toEqual([true, 0])
  })

  test('links each row to the one before it, across reads, batches and tags', () => {
    const queue = queueAt(START)
    queue.append([...rows(1n, 2, 7n), ...rows(3n, 1, 8n)], true)
    queue.offer(batch(at(3n, 8n), 2, 9n), ROOM)
    expect(places(queue)).toEqual([
      [1, 7, 0],
      [2, 7, 7],
      [3, 8, 7],
      [4, 9, 8],
      [5, 9, 9],
    ])
    expect(queue.end).toEqual(at(5n, 9n))
  })

  test.each([
    ['leaves a gap', batch(at(5n, 8n), 1, 9n)],
    ['follows on another history', batch(at(4n, 8n), 1, 9n)],
    ['is more than there is room for', batch(at(4n, 7n), ROOM + 1, 9n)],
  ])('does not take a batch that %s, and reads instead', (_, offered) => {
    const queue = caughtUp(at(4n, 7n))
    queue.offer(offered, ROOM)
    expect([queue.length, queue.mustRead, queue.end]).toEqual([0, true, at(4n, 7n)])
  })

  test('drops a batch that it already has, and does not read for it', () => {
    const queue = caughtUp(at(4n, 7n))
    queue.offer(batch(at(4n, 7n), 2, 9n), ROOM)
    queue.offer(batch(at(4n, 7n), 2, 9n), ROOM)
    queue.offer(batch(at(2n, 7n), 2, 7n), ROOM)
    expect([queue.length, queue.mustRead]).toEqual([2, false])
  })

  test('takes no batch while it has to read, not even one that follows on', () => {
    const queue = queueAt(START)
    queue.append(rows(1n, 2, 7n), false)
    queue.offer(batch(at(2n, 7n), 1, 9n), ROOM)
    expect([queue.length, queue.mustRead]).toEqual([2, true])
  })

  test('continues after a hole of deleted rows with the numbers that the remaining rows have', () => {
    const queue = queueAt(START)
    queue.append([...rows(2n, 2, 7n), ...rows(6n, 1, 7n), ...rows(9n, 1, 8n)], true)
    expect(places(queue)).toEqual([
      [2, 7, 0],
      [3, 7, 7],
      [6, 7, 7],
      [9, 8, 7],
    ])
    expect(queue.end).toEqual(at(9n, 8n))
    expect(endOfRun(queue.first(3).at(-1)!)).toEqual(at(6n, 7n))
  })

  test('drops what is published, and nothing that came in between', () => {
    const queue = caughtUp(START)
    queue.offer(batch(START, 3, 7n), ROOM)
    const sent = queue.first(2)
    queue.offer(batch(at(3n, 7n), 1, 8n), ROOM)
    expect(sent.map(({ pings }) => pings.length)).toEqual([2])
    queue.done(2, endOfRun(sent[0]!))
    expect([queue.sent, queue.published, queue.end]).toEqual([at(2n, 7n), START, at(4n, 8n)])
    expect(places(queue)).toEqual([
      [3, 7, 7],
      [4, 8, 7],
    ])
  })
})

describe('the traces of a batch that was handed over', () => {
  const traces = (index: number) => ({ sinceMs: 5, contexts: new Map([[index, callerContext(index)]]) })

  test('stay at their pings, also if the batch is sent in parts', () => {
    const queue = caughtUp(START)
    queue.offer(batch(START, 3, 7n), ROOM, traces(2))
    queue.offer(batch(at(3n, 7n), 2, 8n), ROOM)
    expect(queue.first(2).map(run => run.traces)).toEqual([undefined])
    queue.done(2, at(2n, 7n))
    expect(queue.first(ROOM).map(run => run.traces?.contexts)).toEqual([new Map([[0, callerContext(2)]]), undefined])
  })

  test('are lost if its rows have to be read', () => {
    const queue = caughtUp(START)
    queue.offer(batch(at(1n, 7n), 2, 8n), ROOM, traces(1))
    queue.append([...rows(1n, 1, 7n), ...rows(2n, 2, 8n)], true)
    expect(queue.first(ROOM).map(run => run.traces)).toEqual([undefined, undefined])
  })
})

describe('the phases of a queue', () => {
  const PHASES: Readonly<Record<QueuePhase, () => LaneQueue>> = { reading: () => queueAt(START), following: () => caughtUp(START) }
  const EVENTS: Readonly<Record<string, (queue: LaneQueue) => void>> = {
    'rows to the head': queue => queue.append(rows(1n, 2, 7n), true),
    'some rows': queue => queue.append(rows(1n, 2, 7n), false),
    'the next batch': queue => queue.offer(batch(START, 1, 7n), ROOM),
    'another batch': queue => queue.offer(batch(at(5n, 8n), 1, 9n), ROOM),
    'rows go missing': queue => queue.missRows(),
  }

  test.each<[QueuePhase, string, QueuePhase | 'throws']>([
    ['reading', 'rows to the head', 'following'],
    ['reading', 'some rows', 'reading'],
    ['reading', 'the next batch', 'reading'],
    ['reading', 'another batch', 'reading'],
    ['reading', 'rows go missing', 'reading'],
    ['following', 'rows to the head', 'throws'],
    ['following', 'some rows', 'throws'],
    ['following', 'the next batch', 'following'],
    ['following', 'another batch', 'reading'],
    ['following', 'rows go missing', 'reading'],
  ])('%s, then %s: %s', (from, what, to) => {
    const queue = PHASES[from]()
    expect(queue.phase).toBe(from)
    if (to === 'throws') return expect(() => EVENTS[what]!(queue)).toThrow(`while ${from}`)
    EVENTS[what]!(queue)
    expect(queue.phase).toBe(to)
  })

  test('no more events can be done than are queued, and none published that were not sent', () => {
    const queue = caughtUp(START)
    queue.offer(batch(START, 2, 7n), ROOM)
    expect(() => queue.done(3, at(3n, 7n))).toThrow('3 events done, 2 queued')
    expect(() => queue.publishedTo(at(1n, 7n))).toThrow('published to 1, sent to 0')
    queue.done(2, at(2n, 7n))
    queue.publishedTo(at(2n, 7n))
    expect(queue.published).toEqual(at(2n, 7n))
  })
})
