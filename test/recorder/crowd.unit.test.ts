import { describe, expect, test } from 'vitest'
import { Crowd } from '../../src/server/recorder/crowd.ts'

describe('a crowd', () => {
  test('never makes a caller wait while no batch is in flight', () => {
    const crowd = new Crowd()
    crowd.sent(500)
    expect(crowd.isGathered(1, 0)).toBe(true)
  })

  test('waits for half of its callers while a batch is in flight', () => {
    const crowd = new Crowd()
    crowd.sent(64)
    expect([crowd.isGathered(31, 1), crowd.isGathered(32, 1)]).toEqual([false, true])
  })

  test('forgets callers that send no more', () => {
    const crowd = new Crowd()
    crowd.sent(64)
    for (let n = 0; n < 40; n++) crowd.sent(2)
    expect(crowd.isGathered(1, 1)).toBe(true)
  })
})
