import { describe, expect, test } from 'vitest'
import { parseState, spokenText, stateParts } from '../../../src/server/page/assets/view.js'
import { stateJson } from '../../../src/server/page/page-state.ts'
import { AT_MS, stateOf } from './page-fixture.ts'

describe('what the browser reads of the state', () => {
  test('is what the server wrote, with every digit', () => {
    const state = stateOf({ total: { count: 2n ** 63n - 1n, source: 'database', ageMs: 3 } })
    expect(parseState(stateJson(state))).toEqual(state)
  })

  test('can be a state of which nothing is known', () => {
    const state = { atMs: AT_MS, total: undefined, perSecond: undefined, provenAtMs: undefined, parts: [], lanes: undefined, version: '' }
    const parts = stateParts(parseState(stateJson(state)), 'UTC')
    expect(parts).toMatchObject({ total: '–', rate: '–', proven: '–', counted: 'Neither the cache nor Postgres can prove a count now.' })
    expect(parts.lanes).toContain('Postgres is unreachable')
  })
})

describe('what a screen reader says', () => {
  test('is the total, the rate, and what is down', () =>
    expect(spokenText(stateOf())).toBe('1,234,567 pings, 12 per second, Kafka is down'))
})
