import { describe, expect, test } from 'vitest'
import { brokenPromises, renderReport, type Played } from '../../bench/compare/report.ts'

const right = { rows: 1_360, cached: 1_360 }
const step: Played = { title: 'the answers are lost', meant: 1_360, plain: { rows: 1_420, cached: 0 }, ping: right }
const yesterday = { meant: 100, plain: 100, ping: 100 }

describe('the comparison with the plain way', () => {
  test('says how far each count is from what was acknowledged', () => {
    const text = renderReport([step], yesterday)
    expect(text).toContain('1,420 (+60)')
    expect(text).toContain('0 (−1,360)')
    expect(text).toMatch(/the answers are lost +1,360 .* 1,360 +1,360$/m)
    expect(text).toContain("Yesterday's pings: 100; the plain way counts 100, Ping 100.")
  })

  test("finds nothing wrong when Ping's counts are what was acknowledged, however the plain way counts", () => {
    expect(brokenPromises([step], { ...yesterday, plain: 7 })).toEqual([])
  })

  test.each([
    ['a lost row', { ...step, ping: { ...right, rows: 1_359 } }],
    ['a ping that is counted twice', { ...step, ping: { ...right, cached: 1_361 } }],
  ])('names the step after which Ping has %s', (_, wrong) => {
    expect(brokenPromises([step, wrong], yesterday)).toEqual([
      `after "the answers are lost": got ${wrong.ping.rows} rows and a count of ${wrong.ping.cached}, expected 1360 of both`,
    ])
  })

  test("names yesterday's count when it is wrong", () => {
    expect(brokenPromises([step], { ...yesterday, ping: 99 })).toEqual(['yesterday: got 99, expected 100'])
  })
})
