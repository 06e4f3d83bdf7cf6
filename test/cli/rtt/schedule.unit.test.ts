import { describe, expect, test } from 'vitest'
import { PartitionTurns } from '../../../src/cli/rtt/partition-turns.ts'
import { FixedSchedule, FloodSchedule, type Schedule } from '../../../src/cli/rtt/schedule.ts'

const takeAll = (schedule: Schedule, nowMs: number): readonly number[] => {
  const dues: number[] = []
  for (let dueMs = schedule.take(nowMs, 0); dueMs !== undefined; dueMs = schedule.take(nowMs, 0)) dues.push(dueMs)
  return dues
}

describe('a fixed schedule', () => {
  test('has a probe each interval from its start, whatever became of those before', () => {
    const schedule = new FixedSchedule(100, 10, 3)
    expect(takeAll(schedule, 99)).toEqual([])
    expect(takeAll(schedule, 100)).toEqual([100])
    expect(schedule.nextMs).toBe(110)
    expect(takeAll(schedule, 115)).toEqual([110])
    expect(schedule.isOver).toBe(false)
    expect(takeAll(schedule, 1e9)).toEqual([120])
    expect(schedule.isOver).toBe(true)
  })

  test('gives a probe that was missed the time at which it was due', () => {
    expect(takeAll(new FixedSchedule(0, 10, Infinity), 45)).toEqual([0, 10, 20, 30, 40])
  })

  test('does not drift: the millionth probe is due a million intervals after the first', () => {
    const schedule = new FixedSchedule(0, 0.1, Infinity)
    for (let taken = 0; taken < 1_000_000; taken++) schedule.take(1e9)
    expect(schedule.nextMs).toBe(100_000)
  })
})

describe('a flood', () => {
  test('has a probe whenever fewer than the maximum are in flight, due at once', () => {
    const schedule = new FloodSchedule(2, 3)
    expect([schedule.take(5, 0), schedule.take(6, 1), schedule.take(7, 2)]).toEqual([5, 6, undefined])
    expect(schedule.isOver).toBe(false)
    expect([schedule.take(8, 1), schedule.take(9, 0)]).toEqual([8, undefined])
    expect(schedule.isOver).toBe(true)
  })
})

describe('the partitions of a run', () => {
  test.each([
    ['turns', [[0], [1], [2], [0]], [0, 1, 2]],
    [
      'all',
      [
        [0, 1, 2],
        [0, 1, 2],
        [0, 1, 2],
        [0, 1, 2],
      ],
      [0, 1, 2],
    ],
    [1, [[1], [1], [1], [1]], [1]],
  ] as const)('take turns, or all of them each time, or always the one: %s', (partitions, rounds, used) => {
    const turns = new PartitionTurns(partitions, 3)
    expect([turns.next(), turns.next(), turns.next(), turns.next()]).toEqual(rounds)
    expect(turns.used).toEqual(used)
  })
})
