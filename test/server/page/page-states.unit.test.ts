import { describe, expect, test } from 'vitest'
import { stateJson } from '../../../src/server/page/page-state.ts'
import { PageStates } from '../../../src/server/page/page-states.ts'

const nothing = () => Promise.reject(new Error('nothing can prove a count'))

describe('the state of the live page', () => {
  test('has the total, and the time up to which it is complete', async () => {
    const total = async () => ({ count: 2n ** 62n, source: 'cache', ageMs: 700 }) as const
    const state = await new PageStates({ counter: { total, range: nothing } }).now()
    expect(state.total).toEqual({ count: 2n ** 62n, source: 'cache', ageMs: 700 })
    expect(state.provenAtMs).toBe(state.atMs - 700)
    expect(JSON.parse(stateJson(state)).total.count).toBe('4611686018427387904')
  })

  test('has no total, and no time, when nothing can prove a count', async () => {
    const state = await new PageStates({ counter: { total: nothing, range: nothing } }).now()
    expect(state.total).toBeUndefined()
    expect(state.provenAtMs).toBeUndefined()
  })
})
