import { beforeEach, describe, expect, test } from 'vitest'
import { countWithin } from '../../processor/entry.ts'
import { LaneBuffer, type LanePhase } from '../../processor/lane-buffer.ts'
import { START } from '../../src/terms/position.ts'
import { at, Feed, line } from './events.ts'

let lane: LaneBuffer
let feed: Feed
beforeEach(() => {
  lane = new LaneBuffer(0)
  lane.adopt(START)
  feed = new Feed(lane)
})

/** Takes and acknowledges one flush; returns it as a line. */
function flushOnce(): string | undefined {
  const flush = lane.take()
  if (flush) lane.flushed(flush)
  return flush && line(flush)
}

describe('a lane', () => {
  test('accepts an event that follows without a gap and names the tag before it', () => {
    expect(feed.take(1).verdict).toBe('accepted')
    expect(feed.take(2).verdict).toBe('accepted')
    expect(lane.end).toMatchObject(at(2))
    expect(flushOnce()).toBe('0→2 [1×1 2×1] asof -')
    expect(feed.take(3).verdict).toBe('accepted')
  })

  test('accepts no seq twice, whether it is applied, in flight or buffered', () => {
    feed.take(1)
    flushOnce()
    feed.take(2)
    lane.take()
    feed.take(3)
    expect([1, 2, 3].map(seq => feed.take(seq).verdict)).toEqual(['duplicate', 'duplicate', 'duplicate'])
    expect(lane.pending).toBe(1)
  })

  test.each([
    ['a gap', 3, {}],
    ['a seq of 10^12', 1e12, {}],
    ['the next seq with another previous tag', 2, { previousTag: 999n }],
    ['the next seq with no previous tag', 2, { previousTag: 0n }],
  ])('refuses %s, and then needs a catch-up', (_, seq, more) => {
    feed.take(1)
    expect(feed.take(seq, more).verdict).toBe('refused')
    expect(lane.needsCatchUp).toBe(true)
    expect(lane.take()).toBeUndefined()
  })

  test('accepts nothing until it knows what the cache has applied', () => {
    lane = new LaneBuffer(0)
    expect(new Feed(lane).take(1).verdict).toBe('refused')
    expect(lane.needsCatchUp).toBe(true)
  })

  test('accepts only events that follow what the cache has applied', () => {
    lane.adopt(at(7))
    expect(feed.take(7).verdict).toBe('duplicate')
    expect(feed.take(8).verdict).toBe('accepted')
  })
})

describe('a flush', () => {
  test('owns the events that it took: events that arrive after that wait for the next flush', () => {
    feed.take(1)
    const flush = lane.take()!
    feed.take(2)
    expect(line(flush)).toBe('0→1 [1×1] asof -')
    expect(lane.take()).toBeUndefined() // never two at once
    lane.flushed(flush)
    expect(lane.applied).toEqual(at(1))
    expect(flushOnce()).toBe('1→2 [2×1] asof -')
  })

  test('adds up the pings of each minute', () => {
    for (const seq of [1, 2, 3]) feed.take(seq, { timestampMs: seq === 2 ? -1n : 5n })
    expect(flushOnce()).toBe('0→3 [0×2 -1×1] asof -')
  })

  test('without an answer is repeated, with the events that arrived since', () => {
    const first = feed.take(1).record
    lane.take()
    feed.take(2)
    lane.unanswered()
    expect(first.done).toBe(false)
    expect(flushOnce()).toBe('0→2 [1×1 2×1] asof -')
  })

  test('carries up to 1000 distinct minutes; the rest follows in the next one', () => {
    for (let seq = 1; seq <= 1_500; seq++) feed.take(seq)
    expect(flushOnce()).toMatch(/^0→1000 /)
    expect(flushOnce()).toMatch(/^1000→1500 /)
    expect(flushOnce()).toBeUndefined()
  })

  test('is not split for many pings of few minutes', () => {
    for (let seq = 1; seq <= 3_000; seq++) feed.take(seq, { timestampMs: BigInt(seq % 1_000) * 60_000n })
    expect(flushOnce()).toMatch(/^0→3000 /)
  })

  test('that is refused because the cache is further along keeps the events after that position', () => {
    const records = [1, 2, 3].map(seq => feed.take(seq).record)
    lane.take()
    lane.movedTo(at(2))
    expect(records.map(({ done }) => done)).toEqual([true, true, false])
    expect(lane.needsCatchUp).toBe(false)
    expect(flushOnce()).toBe('2→3 [3×1] asof -')
  })

  test.each([
    ['further along than everything that is buffered', at(9)],
    ['at an earlier position', START],
    ['in another history', { seq: 2n, tag: 999n }],
  ])('that is refused because the cache is %s makes the lane need a catch-up, and no record is done before its end', (_, position) => {
    lane.adopt(at(1))
    const records = [2, 3].map(seq => feed.take(seq).record)
    lane.take()
    lane.movedTo(position)
    expect(lane.needsCatchUp).toBe(true)
    expect(lane.pending).toBe(0)
    expect(records.some(({ done }) => done)).toBe(false)
    lane.beginCatchUp()
    lane.endCatchUp(at(9))
    expect(records.every(({ done }) => done)).toBe(true)
  })
})

describe('a record is done', () => {
  test('when its flush is answered, and not before', () => {
    const { record } = feed.take(1)
    const flush = lane.take()!
    expect(record.done).toBe(false)
    lane.flushed(flush)
    expect(record.done).toBe(true)
  })

  test('together with the first record of its ping, if it is a duplicate of one that is not applied', () => {
    feed.take(1)
    feed.take(2)
    const flush = lane.take()!
    feed.take(3)
    const twins = [1, 2, 3].map(seq => feed.take(seq).record)
    expect(twins.some(({ done }) => done)).toBe(false)
    lane.flushed(flush)
    expect(twins.map(({ done }) => done)).toEqual([true, true, false])
  })

  test('at once, if it is a duplicate of one that is applied', () => {
    lane.adopt(at(5))
    expect(feed.take(3).record.done).toBe(true)
  })

  test('at the end of the catch-up that it caused, no matter how high its seq is', () => {
    const { record } = feed.take(1e12)
    lane.beginCatchUp()
    expect(record.done).toBe(false)
    lane.endCatchUp(undefined) // failed
    expect(record.done).toBe(false)
    expect(lane.needsCatchUp).toBe(true)
    lane.beginCatchUp()
    lane.endCatchUp(at(2))
    expect(record.done).toBe(true)
    expect(lane.size).toBe(0)
  })
})

describe('a catch-up', () => {
  test('does not begin during a flush, and a flush does not begin during a catch-up', () => {
    feed.take(1)
    const flush = lane.take()!
    expect(lane.beginCatchUp()).toBe(false)
    lane.flushed(flush)
    expect(lane.beginCatchUp()).toBe(true)
    expect(lane.beginCatchUp()).toBe(false)
    expect(lane.take()).toBeUndefined()
    expect(lane.takeAsof()).toBeUndefined()
  })

  test('makes events wait, and then takes those that follow the position that it reached', () => {
    lane.beginCatchUp()
    const waiting = [1, 2, 3].map(seq => feed.take(seq).record)
    lane.endCatchUp(at(2))
    expect(waiting.map(({ done }) => done)).toEqual([true, true, false])
    expect(lane.needsCatchUp).toBe(false)
    expect(flushOnce()).toBe('2→3 [3×1] asof -')
  })

  test('is not requested again by events that arrive during it: under load it would never end', () => {
    lane.beginCatchUp()
    expect([1, 2, 9].map(seq => feed.take(seq).verdict)).toEqual(['waiting', 'waiting', 'waiting'])
    expect(lane.size).toBe(3)
  })

  test('leaves the records of duplicates in the size of the lane until they are done', () => {
    feed.take(1)
    feed.take(1)
    expect(lane.size).toBe(2)
    flushOnce()
    expect(lane.size).toBe(0)
  })

  test('is needed again if an event that waited does not follow', () => {
    lane.beginCatchUp()
    const { record } = feed.take(9)
    lane.endCatchUp(at(2))
    expect(lane.needsCatchUp).toBe(true)
    expect(record.done).toBe(false)
  })

  test('drops what was buffered: Postgres has the rows', () => {
    feed.take(1)
    lane.beginCatchUp()
    lane.endCatchUp(at(1))
    expect(lane.pending).toBe(0)
    expect(feed.take(2).verdict).toBe('accepted')
  })
})

describe('the position that the cache has applied', () => {
  test('is adopted, even if it is an earlier one, as long as nothing is buffered', () => {
    lane.adopt(at(9))
    lane.adopt(at(4))
    expect(lane.end).toEqual(at(4))
    feed.take(5)
    lane.adopt(at(2))
    expect(lane.applied).toEqual(at(4))
  })

  test('is outdated if it was read before a flush ended: the revision has changed', () => {
    const before = lane.revision
    feed.take(1)
    flushOnce()
    expect(lane.revision).not.toBe(before)
  })
})

describe('asof', () => {
  test('is written with the flush that reaches the head of a tick', () => {
    lane.mark({ timeMs: 1_000, head: at(2) })
    feed.take(1)
    expect(flushOnce()).toBe('0→1 [1×1] asof -')
    feed.take(2)
    feed.take(3)
    expect(flushOnce()).toBe('1→3 [2×1 3×1] asof 1000')
  })

  test('is that of the newest tick whose head is reached; older ticks are kept until then', () => {
    lane.mark({ timeMs: 1_000, head: at(1) })
    lane.mark({ timeMs: 1_500, head: at(2) })
    lane.mark({ timeMs: 2_000, head: at(9) })
    for (const seq of [1, 2, 3]) feed.take(seq)
    expect(flushOnce()).toMatch(/asof 1500$/)
  })

  test('is proven by the seq and the tag of the head, not by the seq alone', () => {
    lane.mark({ timeMs: 1_000, head: { seq: 1n, tag: 999n } })
    feed.take(1)
    expect(flushOnce()).toMatch(/asof -$/)
  })

  test('is written on its own if there is nothing to flush, once for each tick', () => {
    lane.mark({ timeMs: 1_000, head: START })
    const flush = lane.takeAsof()!
    expect(line(flush)).toBe('0→0 [] asof 1000')
    expect(flush.end).toEqual(flush.start)
    lane.flushed(flush)
    expect(lane.takeAsof()).toBeUndefined()
    lane.mark({ timeMs: 1_500, head: START })
    expect(lane.takeAsof()?.asofMs).toBe(1_500)
  })

  test('is not written if the head of the tick is not reached', () => {
    lane.mark({ timeMs: 1_000, head: at(1) })
    expect(lane.takeAsof()).toBeUndefined()
    expect(lane.busy).toBe(false)
  })

  test('is written by the next flush while something is buffered', () => {
    lane.mark({ timeMs: 1_000, head: START })
    feed.take(1)
    expect(lane.takeAsof()).toBeUndefined()
    expect(flushOnce()).toMatch(/asof 1000$/)
  })

  test('is written again after a flush that was not answered', () => {
    lane.mark({ timeMs: 1_000, head: START })
    lane.takeAsof()
    lane.unanswered()
    expect(lane.takeAsof()?.asofMs).toBe(1_000)
  })
})

describe('the phases of a lane', () => {
  const idle = (buffered: boolean): LaneBuffer => {
    const lane = new LaneBuffer(0)
    lane.adopt(at(1))
    lane.mark({ timeMs: 1_000, head: at(1) })
    if (buffered) new Feed(lane).take(2)
    return lane
  }
  const after = (lane: LaneBuffer, ...steps: ((lane: LaneBuffer) => void)[]): LaneBuffer => {
    for (const step of steps) step(lane)
    return lane
  }
  const take = (lane: LaneBuffer) => void lane.take()
  const gap = (lane: LaneBuffer) => void new Feed(lane).take(9)
  const STATES: Readonly<Record<string, () => LaneBuffer>> = {
    unknown: () => new LaneBuffer(0),
    idle: () => idle(true),
    'idle, nothing buffered': () => idle(false),
    flushing: () => after(idle(true), take),
    'flushing-broken': () => after(idle(true), take, gap),
    broken: () => after(idle(true), gap),
    'catching-up': () => after(idle(true), lane => lane.beginCatchUp()),
  }
  const STEPS: Readonly<Record<string, (lane: LaneBuffer) => void>> = {
    adopt: lane => lane.adopt(at(1)),
    'the next event': lane => void new Feed(lane).take(Number(lane.end?.seq ?? 0n) + 1),
    'an applied event': lane => void new Feed(lane).take(1),
    'a gap': gap,
    take,
    takeAsof: lane => void lane.takeAsof(),
    flushed: lane => lane.flushed(lane.planFlush(at(1), [])),
    unanswered: lane => lane.unanswered(),
    'moved to what it has': lane => lane.movedTo(at(1)),
    'moved elsewhere': lane => lane.movedTo(at(9)),
    drop: lane => lane.drop(),
    beginCatchUp: lane => void lane.beginCatchUp(),
    'caught up': lane => lane.endCatchUp(at(9)),
    'not caught up': lane => lane.endCatchUp(undefined),
  }
  type Row = readonly [state: string, ...to: (LanePhase | 'throws')[]]
  const NO = 'throws'
  /** In the order of STEPS. */
  const TABLE: readonly Row[] = [
    ['unknown', 'idle', 'broken', 'broken', 'broken', 'unknown', 'unknown', NO, NO, NO, NO, 'broken', 'catching-up', NO, NO],
    ['idle', 'idle', 'idle', 'idle', 'broken', 'flushing', 'idle', NO, NO, NO, NO, 'broken', 'catching-up', NO, NO],
    ['idle, nothing buffered', 'idle', 'idle', 'idle', 'broken', 'idle', 'flushing', NO, NO, NO, NO, 'broken', 'catching-up', NO, NO],
    [
      'flushing',
      ...(['flushing', 'flushing', 'flushing', 'flushing-broken', 'flushing', 'flushing'] as const),
      ...(['idle', 'idle', 'idle', 'broken', NO, 'flushing', NO, NO] as const),
    ],
    [
      'flushing-broken',
      ...Array<LanePhase>(6).fill('flushing-broken'),
      ...(['broken', 'broken', 'broken', 'broken', NO, 'flushing-broken', NO, NO] as const),
    ],
    ['broken', ...Array<LanePhase>(6).fill('broken'), NO, NO, NO, NO, 'broken', 'catching-up', NO, NO],
    ['catching-up', ...Array<LanePhase>(6).fill('catching-up'), NO, NO, NO, NO, NO, 'catching-up', 'idle', 'broken'],
  ]
  const reached = (state: string, step: string): string => {
    const lane = STATES[state]!()
    expect(lane.phase).toBe(state.split(',')[0])
    try {
      STEPS[step]!(lane)
    } catch (error) {
      expect((error as Error).message).toMatch(new RegExp(`^lane 0: \\w+ while ${lane.phase}$`))
      return NO
    }
    return lane.phase
  }

  test.each(TABLE)('what every step does to a lane that is %s', (state, ...expected) => {
    const steps = Object.keys(STEPS)
    expect(steps.map(step => `${step}: ${reached(state, step)}`)).toEqual(steps.map((step, index) => `${step}: ${expected[index]}`))
  })
})

describe('countWithin', () => {
  test('counts the entries before the one whose minute would be one too many', () => {
    const entries = (minutes: number[]) => minutes.map((minute, index) => ({ ...at(index + 1), minute }))
    expect(countWithin(entries([1, 1, 2]))).toBe(3)
    expect(countWithin(entries([...Array.from({ length: 1_000 }, (_, minute) => minute), 0, 999, 1_000, 1]))).toBe(1_002)
  })
})
