import { describe, expect, test } from 'vitest'
import { StuckLanes } from '../../../src/server/page/stuck-lanes.ts'

const lanes = (...positions: readonly (readonly [bigint, bigint])[]) =>
  positions.map(([seq, published], lane) => ({ lane, seq, tag: 1n, published }))

describe('lanes whose pings do not reach Kafka', () => {
  test('are those that lag and do not move, from the first look that saw it', () => {
    const stuck = new StuckLanes()
    stuck.note(lanes([10n, 5n], [3n, 3n]), 1_000)
    stuck.note(lanes([12n, 5n], [3n, 3n]), 4_000)
    expect(stuck.stuckMs(6_000)).toBe(5_000)
  })

  test('are none while each moves, however far it lags', () => {
    const stuck = new StuckLanes()
    for (let second = 0; second < 60; second++) stuck.note(lanes([1_000_000n, BigInt(second)]), second * 1_000)
    expect(stuck.stuckMs(59_000)).toBe(0)
  })

  test('are none once all is published', () => {
    const stuck = new StuckLanes()
    stuck.note(lanes([10n, 5n]), 0)
    stuck.note(lanes([10n, 10n]), 9_000)
    expect(stuck.stuckMs(10_000)).toBe(0)
    stuck.note(lanes([11n, 10n]), 20_000)
    expect(stuck.stuckMs(20_000)).toBe(0)
  })
})
