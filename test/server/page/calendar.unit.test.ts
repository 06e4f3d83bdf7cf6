import { describe, expect, test } from 'vitest'
import { bucketStarts } from '../../../src/server/buckets/calendar.ts'
import {
  cellText,
  COLUMNS,
  dayRows,
  daysRange,
  gridRange,
  heatmapRows,
  lastDays,
  legendItems,
  MINUTE_MS,
  movedIndex,
  thresholds,
  toGrid,
  withMinutes,
} from '../../../src/server/page/assets/calendar.js'
import { AT_MS } from './page-fixture.ts'

const CELLS = 24 * COLUMNS
const HOUR_MS = 3_600_000

describe('the heatmap', () => {
  test.each(['UTC', 'Europe/Berlin', 'Asia/Kathmandu', 'Australia/Lord_Howe', 'America/St_Johns'])(
    'has 24 hours by the clock of %s, and now is in the last one',
    zone => {
      const { startMs, endMs } = gridRange(AT_MS, zone)
      expect(endMs - startMs).toBe(24 * HOUR_MS)
      expect(AT_MS).toBeLessThan(endMs)
      expect(AT_MS).toBeGreaterThanOrEqual(endMs - HOUR_MS)
      const time = new Intl.DateTimeFormat('en-GB', { timeZone: zone, minute: '2-digit', second: '2-digit' }).format(endMs)
      expect(time).toBe('00:00')
    },
  )

  test('has a row of each hour with its time, and a cell of each minute with its number', () => {
    const counts = Array.from({ length: CELLS }, () => 0n)
    counts[61] = 1_500n
    const { startMs: firstMs } = gridRange(AT_MS, 'UTC')
    const rows = heatmapRows({ firstMs, counts }, { nowMs: AT_MS, zone: 'UTC', focusMs: firstMs }).split('</tr>')
    expect(rows[0]).toMatch(/^<tr><th scope="row">22:00<\/th><td class="l0" tabindex="0">0<\/td><td class="l0">0<\/td>/)
    expect(rows[1]).toMatch(/^<tr><th scope="row">23:00<\/th><td class="l0">0<\/td><td class="l4">1,500<\/td>/)
    // 21:04 has begun, 21:05 has not.
    expect(rows[23]).toMatch(/^<tr><th scope="row">21:00<\/th>(<td class="l0">0<\/td>){5}(<td class="ahead"><\/td>){55}$/)
  })

  test.each([
    ['Europe/Berlin', Date.UTC(2026, 9, 25, 12), ['02:00 GMT+2', '02:00 GMT+1']],
    ['Europe/London', Date.UTC(2026, 9, 25, 12), ['01:00 GMT+1', '01:00 GMT+0']],
    ['America/New_York', Date.UTC(2026, 10, 1, 12), ['01:00 GMT-4', '01:00 GMT-5']],
    // The clock was set forward, so the last hour began 24 hours of the clock after the first.
    ['Europe/Berlin', Date.UTC(2026, 2, 29, 6), ['08:00 GMT+1', '08:00 GMT+2']],
    ['Europe/Berlin', AT_MS, []],
  ])('has rows with different names in %s at %i, where the clock was set', (zone, nowMs, expected) => {
    const { startMs: firstMs } = gridRange(nowMs, zone)
    const rows = heatmapRows({ firstMs, counts: Array.from({ length: CELLS }, () => 0n) }, { nowMs, zone, focusMs: firstMs })
    const names = [...rows.matchAll(/<th scope="row">(.*?)<\/th>/g)].map(match => match[1]!.replaceAll(/<[^>]*>/g, ''))
    expect(new Set(names).size).toBe(24)
    expect(names.filter(name => name.includes('GMT'))).toEqual(expected)
  })

  test.each([
    [[0n], [1, 1, 1, 1]],
    [
      [1n, 0n],
      [1, 1, 1, 1],
    ],
    [
      [10_000n, 3n],
      [10, 100, 1_000, 10_000],
    ],
  ])('divides counts such as %s by their logarithms', (counts, expected) => expect(thresholds(counts)).toEqual(expected))

  test('has a legend with each class of cells that can occur, without gaps', () => {
    const textOf = (count: bigint) =>
      legendItems(toGrid([{ startMs: 0, count }]))
        .replaceAll(/<[^>]*>/g, ' ')
        .replaceAll(/\s+/g, ' ')
        .trim()
    expect(textOf(1n)).toBe('none 1')
    expect(textOf(3n)).toBe('none 1 2 3')
    expect(textOf(10_000n)).toBe('none 1 to 10 11 to 100 101 to 1,000 1,001 to 10,000')
  })

  test('takes the newest minutes, and says how many pings are new, in all and since a time', () => {
    const grid = { firstMs: AT_MS, counts: [1n, 2n, 3n] }
    const minutes = { firstMs: AT_MS - MINUTE_MS, counts: [9n, 4n, 7n] }
    expect(withMinutes(grid, minutes, AT_MS)).toEqual({ grid: { firstMs: AT_MS, counts: [4n, 7n, 3n] }, added: 8n, addedSince: 8n })
    expect(withMinutes(grid, minutes, AT_MS + 1)).toMatchObject({ added: 8n, addedSince: 5n })
    expect(withMinutes(grid, { firstMs: AT_MS + 2 * MINUTE_MS, counts: [2n, 5n] }, AT_MS).grid.counts).toEqual([1n, 2n, 2n])
    expect(grid.counts).toEqual([1n, 2n, 3n])
  })

  test('says what a cell is', () => {
    const options = { nowMs: AT_MS, zone: 'Europe/Berlin' }
    expect(cellText(AT_MS - 5_000, 1n, options)).toBe('Sat 28 Nov, 22:04: 1 ping')
    expect(cellText(AT_MS + MINUTE_MS, 0n, options)).toBe('Sat 28 Nov, 22:05: this minute is still to come')
  })

  test.each([
    ['Europe/Berlin', Date.UTC(2026, 9, 25, 0, 4), 'Sun 25 Oct, 02:04 GMT+2: 1 ping'],
    ['Europe/Berlin', Date.UTC(2026, 9, 25, 1, 4), 'Sun 25 Oct, 02:04 GMT+1: 1 ping'],
    ['Europe/Berlin', Date.UTC(2026, 9, 25, 2, 4), 'Sun 25 Oct, 03:04: 1 ping'],
    ['Australia/Lord_Howe', Date.UTC(2026, 3, 4, 14, 45), 'Sun 5 Apr, 01:45 GMT+11: 1 ping'],
  ])('says which of two minutes a cell is if the clock of %s showed it twice', (zone, startMs, expected) =>
    expect(cellText(startMs, 1n, { nowMs: startMs, zone })).toBe(expected),
  )

  test.each([
    ['ArrowLeft', 0, 0],
    ['ArrowLeft', 61, 60],
    ['ArrowLeft', 60, 60],
    ['ArrowRight', 59, 59],
    ['ArrowRight', 0, 1],
    ['ArrowUp', 65, 5],
    ['ArrowUp', 5, 5],
    ['ArrowDown', 5, 65],
    ['ArrowDown', CELLS - 1, CELLS - 1],
    ['Home', 119, 60],
    ['End', 60, 119],
    ['PageDown', 7, 367],
    ['PageUp', 367, 7],
    ['PageUp', 67, 7],
    ['PageDown', CELLS - 60, CELLS - 60],
    ['a', 5, undefined],
    ['Tab', 5, undefined],
  ])('goes by %s from cell %i to %s', (key, from, to) => expect(movedIndex(from, { key, ctrlKey: false }, CELLS)).toBe(to))

  test('goes to its first and its last cell', () => {
    expect(movedIndex(700, { key: 'Home', ctrlKey: true }, CELLS)).toBe(0)
    expect(movedIndex(700, { key: 'End', ctrlKey: true }, CELLS)).toBe(CELLS - 1)
  })
})

describe('the last 30 days', () => {
  // In the last, clocks were put back in the range; in Apia, the day of the test begins while it is still the day before in UTC.
  test.each(['UTC', 'Pacific/Apia', 'Pacific/Honolulu', 'Europe/Berlin', 'America/New_York'])('are whole, and end today, in %s', zone => {
    const { startMs, endMs } = daysRange(AT_MS)
    const starts = bucketStarts({ startMs: BigInt(startMs), endMs: BigInt(endMs) }, 'day', zone)
    const days = lastDays(
      starts.map((start, index) => ({ startMs: Number(start), count: BigInt(index) })),
      AT_MS,
    )
    expect(days).toHaveLength(30)
    expect(days[0]!.startMs).toBeGreaterThanOrEqual(startMs)
    const dateOf = (ms: number) => new Intl.DateTimeFormat('en-GB', { timeZone: zone, dateStyle: 'short' }).format(ms)
    expect(dateOf(days.at(-1)!.startMs)).toBe(dateOf(AT_MS))
    expect(endMs).toBeGreaterThanOrEqual(days.at(-1)!.startMs + 25 * HOUR_MS)
  })

  test('are shown today first, with a bar in proportion to the number', () => {
    const days = [
      { startMs: AT_MS - 24 * HOUR_MS, count: 200n },
      { startMs: AT_MS, count: 50n },
    ]
    const rows = dayRows(days, 'UTC').split('</tr>')
    expect(rows[0]).toMatch(/<th scope="row">Today<\/th><td>50<\/td>.*<rect width="25" height="1"\/>/)
    expect(rows[1]).toMatch(/<th scope="row">Fri 27 Nov<\/th><td>200<\/td>.*<rect width="100" height="1"\/>/)
  })
})
