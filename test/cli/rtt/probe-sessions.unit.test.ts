import { describe, expect, test } from 'vitest'
import {
  acked,
  answered,
  confirmed,
  sessionsWith,
  due,
  echoed,
  leaders,
  refused,
  sent,
  time,
  unacked,
  unconfirmed,
  WAIT_MS,
} from './sessions.ts'

describe('a probe without a server', () => {
  test('is done when it is acknowledged and read back, in either order', () => {
    const { take, sessions } = sessionsWith()
    expect(take(due(1), sent(1), acked(1, 2), echoed(1, 3))).toEqual(['done'])
    expect(take(due(2), sent(2), echoed(2, 2), acked(2, 3))).toEqual(['done'])
    expect(sessions.tally()).toMatchObject({ due: 2, sent: 2, acked: 2, echoed: 2, inTime: 2, lost: 0, open: 0 })
    expect(sessions.isSettled).toBe(true)
  })

  test('is done by its echo alone if the producer gets no acks', () => {
    expect(sessionsWith({ acks: false }).take(due(1), sent(1), echoed(1, 3))).toEqual(['done'])
  })

  test('may be refused, or fail with an unknown end, if the producer gets no acks', () => {
    const { take, sessions } = sessionsWith({ acks: false })
    expect(take(due(1), sent(1), refused(1, 5), due(2), sent(2), unacked(2, 5), echoed(2, 6))).toEqual(['refused', 'done'])
    expect(sessions.tally()).toMatchObject({ refused: 1, inTime: 1, open: 0 })
  })

  test('is done by its echo if the ack is lost, and keeps the reason', () => {
    const { take, outcomes } = sessionsWith()
    expect(take(due(1), sent(1), unacked(1, 5), echoed(1, 6))).toEqual(['done'])
    expect(outcomes[0]).toMatchObject({ probe: { ackMs: undefined, reason: 'Closed connection', fate: 'inTime' } })
  })

  test('is lost only after the time to wait, which counts from when it was sent', () => {
    const { take, sessions } = sessionsWith()
    take(due(1, 0), sent(1, 500), acked(1, 501))
    expect(take(time(499 + WAIT_MS))).toEqual([])
    expect(take(time(500 + WAIT_MS))).toEqual(['lost'])
    expect(sessions.tally()).toMatchObject({ lost: 1, open: 0, late: 0 })
    expect(take(time(9_000))).toEqual([])
  })

  test('is measured from when it was due, however late it was sent', () => {
    const { take, statistics } = sessionsWith({ to: 'one' })
    take(due(1, 0), sent(1, 500), acked(1, 502), echoed(1, 503), answered(1, 504))
    expect(statistics.figures().measures).toMatchObject({
      ack: { min: expect.closeTo(502, -1) },
      echo: { min: expect.closeTo(503, -1) },
      pong: { min: expect.closeTo(504, -1) },
    })
  })

  test('is late if it is read back after it was lost, and is no longer lost', () => {
    const { take, sessions, statistics } = sessionsWith()
    take(due(1), sent(1), time(WAIT_MS + 1))
    expect(take(echoed(1, 1_500))).toEqual(['late'])
    expect(sessions.tally()).toMatchObject({ lost: 0, late: 1, echoed: 1 })
    expect(statistics.figures().measures.echo).toMatchObject({ count: 1, max: expect.closeTo(1_500, -1) })
  })

  test('is late if it is read back after the time to wait, even if no time-out was noticed', () => {
    expect(sessionsWith().take(due(1), sent(1), echoed(1, WAIT_MS + 1))).toEqual(['late'])
  })

  test('is lost, not refused, if it is refused after the time to wait, even if no time-out was noticed', () => {
    const { take, sessions } = sessionsWith()
    expect(take(due(1), sent(1), due(2), sent(2), refused(1, WAIT_MS), refused(2, WAIT_MS + 1))).toEqual(['refused'])
    expect(take(time(WAIT_MS + 1))).toEqual(['lost'])
    expect(sessions.tally()).toMatchObject({ refused: 1, lost: 1 })
  })

  test('is late, not lost, if it was refused and is read back nevertheless', () => {
    const { take, sessions } = sessionsWith()
    expect(take(due(1), sent(1), refused(1, 5))).toEqual(['refused'])
    expect(sessions.isSettled).toBe(true)
    expect(take(echoed(1, 9))).toEqual(['late'])
    expect(sessions.tally()).toMatchObject({ refused: 0, late: 1 })
  })

  test('is a duplicate if it is read back again', () => {
    const { take, sessions } = sessionsWith()
    expect(take(due(1), sent(1), acked(1, 2), echoed(1, 3), echoed(1, 4), echoed(1, 5))).toEqual(['done', 'again', 'again'])
    expect(sessions.tally()).toMatchObject({ duplicate: 2, echoed: 1, inTime: 1 })
  })

  test('is out of order if a later one of its partition was read back before it; other partitions do not matter', () => {
    const { take, sessions, outcomes } = sessionsWith()
    take(due(1), sent(1), due(2), sent(2), due(3, 0, 1), sent(3), echoed(3, 1), echoed(2, 2), echoed(1, 3), acked(1, 4))
    expect(sessions.tally()).toMatchObject({ reordered: 1 })
    expect(outcomes.find(({ kind }) => kind === 'done')).toMatchObject({ probe: { seq: 1, reordered: true } })
  })

  test('is damaged, once, if its content comes back changed', () => {
    const { take, sessions } = sessionsWith()
    take(due(1), sent(1), echoed(1, 1, 1, false), echoed(1, 2, 1, false))
    expect(sessions.tally()).toMatchObject({ damaged: 1 })
  })

  test('is said to be done without its ack when the time to wait is over', () => {
    const { take, outcomes } = sessionsWith()
    expect(take(due(1), sent(1), echoed(1, 3))).toEqual([])
    expect(take(time(WAIT_MS + 1))).toEqual(['done'])
    expect(outcomes[0]).toMatchObject({ isWhole: false, probe: { fate: 'inTime' } })
  })
})

describe('a probe with a server', () => {
  const to = 'one' as const

  test('is done when it is acknowledged, read back and answered', () => {
    const { take, statistics } = sessionsWith({ to })
    expect(take(due(1, 10), sent(1, 10), answered(1, 14), echoed(1, 15), acked(1, 16))).toEqual(['done'])
    const { measures } = statistics.figures()
    expect(measures).toMatchObject({ ack: { min: 6 }, echo: { min: 5 }, pong: { min: 4 }, road: { min: expect.closeTo(3.6, 2) } })
  })

  test('is sent once more when it is lost, and is never answered if the second ping is not answered either', () => {
    const { take, sessions } = sessionsWith({ to })
    take(due(1), sent(1), acked(1, 2), echoed(1, 3))
    expect(take(time(1_001))).toEqual(['lost', 'ask'])
    expect(sessions.isSettled).toBe(false)
    expect(take(echoed(1, 1_002, 2), time(2_000))).toEqual([])
    expect(take(time(2_001))).toEqual(['unanswered'])
    expect(sessions.isSettled).toBe(true)
    expect(sessions.tally()).toMatchObject({ lost: 1, duplicate: 0, echoed: 1 })
  })

  test('is late if the second ping is answered; one further answer is that of the other ping, the next one is a duplicate', () => {
    const { take, sessions, outcomes } = sessionsWith({ to })
    take(due(1), sent(1), acked(1, 2), echoed(1, 3), time(1_001))
    expect(take(answered(1, 1_010, { attempt: 2, redelivered: true }), answered(1, 1_020), answered(1, 1_030))).toEqual([
      'late',
      'again',
      'again',
    ])
    expect(outcomes.slice(-2)).toMatchObject([{ isAsked: true }, { isAsked: false }])
    expect(sessions.tally()).toMatchObject({ late: 1, lost: 0, duplicate: 1 })
  })

  test('is done if it was answered in time and is read back late, even if no time-out was noticed', () => {
    const { take, outcomes, sessions } = sessionsWith({ to })
    expect(take(due(1), sent(1), acked(1, 2), answered(1, 4), echoed(1, WAIT_MS + 1))).toEqual(['done'])
    expect(take(due(2), sent(2), answered(2, WAIT_MS + 4), echoed(2, 2 * WAIT_MS + 2), acked(2, 2 * WAIT_MS + 3))).toEqual(['done'])
    expect(outcomes).toMatchObject([{ isWhole: true }, { isWhole: false }])
    expect(sessions.tally()).toMatchObject({ inTime: 2, late: 0 })
  })

  test('is not refused if it was answered already: it is done when it is read back, or when the time to wait is over', () => {
    const { take, outcomes, sessions } = sessionsWith({ to })
    expect(take(due(1), sent(1), answered(1, 4), refused(1, 5), echoed(1, 6))).toEqual(['done'])
    expect(take(due(2), sent(2), answered(2, 7), refused(2, 8), time(7 + WAIT_MS))).toEqual(['done'])
    expect(outcomes).toMatchObject([{ isWhole: true }, { isWhole: false }])
    expect(sessions.tally()).toMatchObject({ inTime: 2, refused: 0 })
  })

  test('has a duplicate if it is answered twice, by the same server or by another', () => {
    const { take, sessions } = sessionsWith({ to })
    take(due(1), sent(1), acked(1, 2), echoed(1, 3))
    expect(take(answered(1, 4), answered(1, 5, { from: 'pong-2' }))).toEqual(['done', 'again'])
    expect(sessions.tally()).toMatchObject({ duplicate: 1, inTime: 1 })
  })

  test('is out of order if the same server answered a later one of its partition before it', () => {
    const { take, sessions } = sessionsWith({ to })
    take(due(1), sent(1), due(2), sent(2), due(3), sent(3), answered(3, 1, { from: 'pong-2' }), answered(2, 2), answered(1, 3))
    expect(sessions.tally()).toMatchObject({ reordered: 1 })
  })
})

describe('a probe with a handshake', () => {
  const started = (to: 'one' | 'all' | readonly string[] = 'one') => {
    const { take, ...rest } = sessionsWith({ to, handshake: true })
    take(due(1), sent(1), acked(1, 2), echoed(1, 3))
    return { take, ...rest }
  }

  test('confirms each pong, also one that is late or comes again', () => {
    const { take, outcomes } = started()
    expect(take(answered(1, 4), answered(1, 5))).toEqual(['done', 'confirm', 'again', 'confirm'])
    const late = started()
    expect(late.take(time(1_000), answered(1, 1_005))).toEqual(['lost', 'ask', 'late', 'confirm'])
    expect(outcomes[1]).toMatchObject({ kind: 'confirm', probe: { seq: 1 }, answer: { from: 'pong-1', atMs: 4 } })
  })

  test('confirms to each of several servers', () => {
    const { take, outcomes } = started(['a', 'b'])
    expect(take(answered(1, 4, { from: 'a' }), confirmed(1, 5), answered(1, 6, { from: 'b' }))).toEqual([
      'answer',
      'confirm',
      'answer',
      'confirm',
    ])
    expect(outcomes.flatMap(outcome => (outcome.kind === 'confirm' ? outcome.answer.from : []))).toEqual(['a', 'b'])
  })

  test('is over when Kafka has the ack, or when the ack is lost, or after the time to wait', () => {
    for (const end of [confirmed(1, 5), unconfirmed(1, 5), time(4 + WAIT_MS)]) {
      const { take, sessions } = started()
      take(answered(1, 4))
      expect(sessions.isSettled).toBe(false)
      expect(take(end)).toEqual([])
      expect(sessions.isSettled).toBe(true)
    }
  })
})

describe('an event that no machine expects', () => {
  test('is named, and changes nothing', () => {
    const { take, outcomes, sessions } = sessionsWith({ to: 'one' })
    expect(take(due(1), sent(1), confirmed(1, 1))).toEqual(['unexpected'])
    expect(outcomes).toEqual([{ kind: 'unexpected', seq: 1, name: 'ping: confirmed while sending' }])
    expect(sessions.open).toBe(1)
  })
})

describe('a probe to several servers', () => {
  test('takes the first answer of each server as an answer, and the second one as a duplicate', () => {
    const { take, sessions } = sessionsWith({ to: 'all' })
    take(due(1), sent(1), acked(1, 2), echoed(1, 3))
    const events = [answered(1, 4), answered(1, 5, { from: 'pong-2' }), answered(1, 6)]
    expect(take(...events)).toEqual(['answer', 'answer', 'again'])
    expect(sessions.tally()).toMatchObject({ inTime: 1, duplicate: 1 })
    expect(sessions.isSettled).toBe(false) // there may be further servers
    expect(take(time(WAIT_MS + 1))).toEqual([])
    expect(sessions.isSettled).toBe(true)
  })

  test('is answered when all named servers have answered, and names those that have not', () => {
    const { take, sessions, outcomes } = sessionsWith({ to: ['a', 'b'] })
    expect(take(due(1), sent(1), acked(1, 2), echoed(1, 3), answered(1, 4, { from: 'a' }))).toEqual(['answer'])
    expect(sessions.open).toBe(1)
    expect(take(time(WAIT_MS + 1))).toEqual(['lost'])
    expect(outcomes.at(-1)).toMatchObject({ missing: ['b'] })
    expect(take(answered(1, 1_100, { from: 'b' }))).toEqual(['answer', 'late'])
    expect(take(due(2), sent(2), answered(2, 1, { from: 'b' }), answered(2, 2, { from: 'a' }), echoed(2, 3), acked(2, 4))).toEqual([
      'answer',
      'answer',
    ])
    expect(sessions.isSettled).toBe(true)
  })
})

describe('the leaders of the partitions', () => {
  test('are named when they move, with the probes that were on their way', () => {
    const { take, outcomes } = sessionsWith()
    expect(take(leaders(1, 3), due(1, 0, 1), sent(1), due(2, 0, 0), sent(2))).toEqual([])
    expect(take(leaders(1, 2))).toEqual(['leaderMoved'])
    expect(outcomes[0]).toEqual({ kind: 'leaderMoved', partition: 1, from: 3, to: 2 })
    take(echoed(1, 5), acked(1, 6), echoed(2, 5), acked(2, 6))
    expect(outcomes.slice(1)).toMatchObject([{ probe: { leader: 3, movedTo: 2 } }, { probe: { leader: 1, movedTo: undefined } }])
  })

  test('may be none for a while, after all of them were lost also', () => {
    const { take, outcomes } = sessionsWith()
    take(leaders(1), leaders(undefined), leaders(1))
    expect(outcomes).toMatchObject([
      { from: 1, to: 'none' },
      { from: 'none', to: 1 },
    ])
  })
})

describe('the memory of the sessions', () => {
  test('forgets a probe after its grace time, and counts what still comes', () => {
    const { take, sessions } = sessionsWith()
    take(due(1), sent(1), acked(1, 1), echoed(1, 2), time(5_001))
    expect(sessions.size).toBe(1)
    take(time(5_002))
    expect(sessions.size).toBe(0)
    expect(take(echoed(1, 7_000), acked(1, 7_001))).toEqual(['forgotten'])
    expect(sessions.tally()).toMatchObject({ forgotten: 1, duplicate: 0, due: 1 })
  })

  test('is bounded in a flood of any length', () => {
    const { take, sessions } = sessionsWith({ maxKept: 100, graceMs: 1e9 })
    for (let seq = 1; seq <= 20_000; seq++) {
      take(due(seq, seq), sent(seq, seq), acked(seq, seq), echoed(seq, seq))
      if (seq % 10 === 0) take(time(seq))
      expect(sessions.size).toBeLessThanOrEqual(110)
    }
    expect(sessions.tally()).toMatchObject({ due: 20_000, inTime: 20_000 })
  })

  test('forgets probes that are over while an older one is not: one that is lost does not make a long flood grow', () => {
    const { take, sessions } = sessionsWith({ maxKept: 100, graceMs: 1e9, waitMs: 1e9 })
    take(due(1, 0), sent(1, 0)) // nothing comes for it
    for (let seq = 2; seq <= 5_000; seq++) take(due(seq, seq), sent(seq, seq), acked(seq, seq), echoed(seq, seq))
    take(time(5_000))
    expect(sessions.size).toBe(100 + 1)
    expect(take(echoed(1, 5_001))).toEqual([])
    expect(sessions.tally()).toMatchObject({ echoed: 5_000, inTime: 5_000, forgotten: 0 })
  })

  test('keeps every probe that is not over', () => {
    const { take, sessions } = sessionsWith({ maxKept: 10, graceMs: 0 })
    for (let seq = 1; seq <= 50; seq++) take(due(seq, 0), sent(seq, 0))
    take(time(WAIT_MS - 1))
    expect(sessions.size).toBe(50)
    take(time(WAIT_MS))
    expect(sessions.size).toBe(0)
    expect(sessions.tally()).toMatchObject({ lost: 50 })
  })
})
