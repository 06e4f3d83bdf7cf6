import { describe, expect, test } from 'vitest'
import { format, parseState, spokenText, stateParts, zoneHtml } from '../../../src/server/page/assets/view.js'
import { stateJson } from '../../../src/server/page/page-state.ts'
import { AT_MS, stateOf } from './page-fixture.ts'

describe('what the browser reads of the state', () => {
  test('is what the server wrote, with every digit', () => {
    const state = stateOf({ total: { count: 2n ** 63n - 1n, source: 'database', ageMs: 3 } })
    expect(parseState(stateJson(state))).toEqual(state)
  })

  test('can be a state of which nothing is known', () => {
    const state = {
      atMs: AT_MS,
      total: undefined,
      perSecond: undefined,
      provenAtMs: undefined,
      parts: [],
      lanes: undefined,
      minutes: undefined,
      version: '',
    }
    const parts = stateParts(parseState(stateJson(state)), 'UTC')
    expect(parts).toMatchObject({ total: '–', rate: '–', proven: '–', counted: 'Neither the cache nor Postgres can prove a count now.' })
    expect(parts.lanes).toContain('Postgres is unreachable')
  })
})

describe('times of a zone', () => {
  test.each([
    ['UTC', AT_MS - 21 * 3_600_000, '00:04:05'],
    ['UTC', AT_MS - 22 * 3_600_000, 'Fri 27 Nov, 23:04:05'],
    ['Asia/Kathmandu', AT_MS - 3 * 3_600_000, 'Sat 28 Nov, 23:49:05'],
    ['Asia/Kathmandu', AT_MS - 2 * 3_600_000, '00:49:05'],
  ])('have their date if it is not the same day in %s', (zone, provenAtMs, expected) => {
    const { proven, counted } = stateParts(stateOf({ provenAtMs }), zone)
    expect(proven).toBe(expected)
    expect(counted).toContain(`acknowledged before ${expected} is included`)
  })

  test('need no more memory when callers name zones in ever more spellings', () => {
    const first = format('Europe/Berlin', 'clock')
    expect(format('Europe/Berlin', 'clock')).toBe(first)
    const name = 'europe/berlin'
    for (let letters = 0; letters < 100; letters++)
      format([...name].map((letter, index) => ((letters >> index) & 1 ? letter.toUpperCase() : letter)).join(''), 'clock')
    expect(format('Europe/Berlin', 'clock')).not.toBe(first)
    expect(format('Europe/Berlin', 'clock').format(AT_MS)).toBe(first.format(AT_MS))
  })

  test('have a name that can be broken between its words', () =>
    expect(zoneHtml('America/Buenos_Aires')).toBe('America/<wbr>Buenos_<wbr>Aires'))
})

describe('what a screen reader says', () => {
  test('is the total, the rate, and what is down', () =>
    expect(spokenText(stateOf())).toBe('1,234,567 pings, 12 per second, Kafka is down'))
})
