import { describe, expect, test } from 'vitest'
import { decideLane, reasonToRebuild, type LaneView, type TickRead } from '../../processor/decide.ts'
import { START } from '../../src/terms/position.ts'
import { at } from './events.ts'

const NOW_MS = 1_700_000_000_000
const NOW_MINUTE = Math.floor(NOW_MS / 60_000)
const DAY_MINUTES = 24 * 60
const MINE: LaneView = { mine: true, needsCatchUp: false, end: at(5), previousHead: at(5), asofMs: NOW_MS - 500, timeMs: NOW_MS }
const OTHERS: LaneView = { ...MINE, mine: false }

describe('for a lane that is its own, a tick', () => {
  test('writes asof if everything up to the head of the tick before is applied or buffered', () => {
    expect(decideLane(MINE)).toBe('asof')
    expect(decideLane({ ...MINE, end: at(9) })).toBe('asof')
  })

  test('catches the lane up if it lags behind the head of the tick before', () => {
    expect(decideLane({ ...MINE, previousHead: at(6) })).toBe('catch-up')
  })

  test('gives events the time of one tick to arrive: at the first tick nothing is caught up', () => {
    expect(decideLane({ ...MINE, end: START, previousHead: undefined })).toBe('asof')
  })

  test('catches the lane up if an event was refused', () => {
    expect(decideLane({ ...MINE, needsCatchUp: true })).toBe('catch-up')
    expect(decideLane({ ...MINE, needsCatchUp: true, previousHead: undefined })).toBe('catch-up')
  })

  test('rebuilds the cache if the lane lags by more than 100 000 pings', () => {
    expect(decideLane({ ...MINE, previousHead: at(100_005) })).toBe('catch-up')
    expect(decideLane({ ...MINE, previousHead: at(100_006) })).toBe('rebuild')
    expect(decideLane({ ...MINE, needsCatchUp: true, previousHead: at(100_006) })).toBe('rebuild')
  })
})

describe("for another processor's lane, a tick", () => {
  test('does nothing while its asof is at most 1.5 s old, even if the lane lags', () => {
    expect(decideLane({ ...OTHERS, asofMs: NOW_MS - 1_500, previousHead: at(7) })).toBe('leave')
  })

  test('writes asof or catches the lane up once its asof is older', () => {
    expect(decideLane({ ...OTHERS, asofMs: NOW_MS - 1_501 })).toBe('asof')
    expect(decideLane({ ...OTHERS, asofMs: NOW_MS - 1_501, previousHead: at(7) })).toBe('catch-up')
  })

  test('catches the lane up if an event of it was refused here', () => {
    expect(decideLane({ ...OTHERS, needsCatchUp: true })).toBe('catch-up')
  })
})

describe('the hash', () => {
  const held = (lane: number) => ({ lane, ...at(9), holds: true })
  const FIRST_LANE = { applied: at(9), asofMs: NOW_MS - 500 }
  const READ = {
    timeMs: NOW_MS,
    hash: {
      total: 14n,
      minutesFrom: -Infinity,
      minutesTo: NOW_MINUTE + 2 * DAY_MINUTES,
      lanes: [FIRST_LANE, { applied: at(5), asofMs: NOW_MS - 500 }],
    },
    heads: [held(0), held(1)],
  } satisfies TickRead
  const withHash = (more: Partial<typeof READ.hash>): TickRead => ({ ...READ, hash: { ...READ.hash, ...more } })

  test('is not rebuilt while nothing is wrong', () => {
    expect(reasonToRebuild(READ)).toBeUndefined()
  })

  test.each<[string, TickRead, RegExp]>([
    ['it is incomplete', { ...READ, hash: undefined }, /incomplete/],
    ['the ledger has more lanes', { ...READ, heads: [...READ.heads, held(2)] }, /lanes were added/],
    ['the ledger does not have what is applied', { ...READ, heads: [held(0), { ...held(1), holds: false }] }, /lane 1/],
    ['its total is not the sum of what is applied', withHash({ total: 15n }), /total/],
    ['an asof is far ahead of the clock', withHash({ lanes: [FIRST_LANE, { applied: at(5), asofMs: NOW_MS + 1_001 }] }), /clock/],
    ['its minutes end within a day', withHash({ minutesTo: NOW_MINUTE + DAY_MINUTES - 1 }), /minutes/],
  ])('is rebuilt if %s', (_, read, reason) => {
    expect(reasonToRebuild(read)).toMatch(reason)
  })

  test('is not rebuilt for an asof that is up to a second ahead of the clock', () => {
    expect(reasonToRebuild(withHash({ lanes: [FIRST_LANE, { applied: at(5), asofMs: NOW_MS + 1_000 }] }))).toBeUndefined()
  })
})
