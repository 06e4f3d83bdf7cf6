// The pings of the last 24 hours by minute, and of the last 30 days by day, as tables. As view.js, it is for server and browser.

import { escapeHtml, format, numberText, offsetText, wideRow } from './view.js'

/** @typedef {{ startMs: number, count: bigint }} Bucket */
/** @typedef {{ firstMs: number, counts: readonly bigint[] }} Grid The minutes from the start of an hour. */

export const COLUMNS = 60
const ROWS = 24
const DAYS = 30
export const MINUTE_MS = 60_000
const HOUR_MS = COLUMNS * MINUTE_MS
const DAY_MS = 24 * HOUR_MS
/** By how much zones set their clocks back. */
const CLOCK_CHANGES_MS = [HOUR_MS / 2, HOUR_MS, 2 * HOUR_MS]
/** Classes of cells: 0 for no ping, and four for more and more. */
const LEVELS = 4
/** How many hours Page Up and Page Down move. */
const PAGE_ROWS = 6
/** Bars are drawn in a box of this width. */
const BAR = 100

/**
 * The range of the heatmap: 24 hours of a zone's clock, of which the last one has begun.
 *
 * @param {number} nowMs
 * @param {string} zone
 */
export function gridRange(nowMs, zone) {
  const hourMs = hourStart(nowMs, zone)
  return { startMs: hourMs - (ROWS - 1) * HOUR_MS, endMs: hourMs + HOUR_MS }
}

/**
 * A range that has the last 30 days of any zone whole, today too, and more.
 *
 * @param {number} nowMs
 */
export function daysRange(nowMs) {
  const minuteMs = nowMs - (nowMs % MINUTE_MS)
  return { startMs: minuteMs - (DAYS + 1) * DAY_MS, endMs: minuteMs + 2 * DAY_MS }
}

/**
 * The last 30 days, today last, of the days of `daysRange`.
 *
 * @param {readonly Bucket[]} buckets
 * @param {number} nowMs
 */
export function lastDays(buckets, nowMs) {
  return buckets.filter(({ startMs }) => startMs <= nowMs).slice(-DAYS)
}

/**
 * @param {readonly Bucket[]} buckets minutes, from the start of the range
 * @returns {Grid | undefined} undefined if there are none
 */
export function toGrid(buckets) {
  const [first] = buckets
  return first && { firstMs: first.startMs, counts: buckets.map(({ count }) => count) }
}

/**
 * The grid with other counts of some minutes, which may be partly outside of it, and by how much they change the count since a time.
 *
 * @param {Grid} grid
 * @param {Grid} minutes
 * @param {number} sinceMs
 */
export function withMinutes(grid, minutes, sinceMs) {
  const counts = [...grid.counts]
  let added = 0n
  let addedSince = 0n
  for (const [index, count] of minutes.counts.entries()) {
    const startMs = minutes.firstMs + index * MINUTE_MS
    const at = (startMs - grid.firstMs) / MINUTE_MS
    const before = counts[at]
    if (before === undefined) continue
    counts[at] = count
    added += count - before
    if (startMs >= sinceMs) addedSince += count - before
  }
  return { grid: { ...grid, counts }, added, addedSince }
}

/**
 * The highest count of each class of cells but the first: evenly spaced by their logarithms, since rates differ by much.
 *
 * @param {readonly bigint[]} counts
 */
export function thresholds(counts) {
  const max = Number(counts.reduce((most, count) => (count > most ? count : most), 1n))
  return Array.from({ length: LEVELS }, (_, index) => Math.round(max ** ((index + 1) / LEVELS)))
}

/**
 * @param {bigint} count
 * @param {readonly number[]} limits what `thresholds` returns
 */
function levelOf(count, limits) {
  return count <= 0n ? 0 : limits.findIndex(limit => count <= limit) + 1
}

/**
 * The rows of the heatmap. Only the cell of `focusMs` is reached by the tab key.
 *
 * @param {Grid | undefined} grid
 * @param {{ nowMs: number, zone: string, focusMs: number }} options
 */
export function heatmapRows(grid, { nowMs, zone, focusMs }) {
  if (grid === undefined) return wideRow(COLUMNS + 1, 'Not known now: neither a fresh cache nor Postgres has answered.')
  const limits = thresholds(grid.counts)
  const names = rowNames(grid, zone)
  const rows = []
  for (let index = 0; index < grid.counts.length; index += COLUMNS) {
    const startMs = grid.firstMs + index * MINUTE_MS
    const cells = grid.counts.slice(index, index + COLUMNS).map((count, minute) => {
      const { name, text } = cellOf(count, startMs + minute * MINUTE_MS, nowMs, limits)
      const isFocus = startMs + minute * MINUTE_MS === focusMs
      return `<td class="${name}"${isFocus ? ' tabindex="0"' : ''}>${text}</td>`
    })
    rows.push(`<tr><th scope="row">${names[index / COLUMNS]}</th>${cells.join('')}</tr>`)
  }
  return rows.join('')
}

/**
 * The hours of the rows, by the clock of the zone. Where the clock was set within the 24 hours, two rows may have the same hour: each
 * then says by how much its clock differs from UTC.
 *
 * @param {Grid} grid
 * @param {string} zone
 */
function rowNames({ firstMs, counts }, zone) {
  const starts = Array.from({ length: counts.length / COLUMNS }, (_, row) => firstMs + row * HOUR_MS)
  const hours = starts.map(startMs => format(zone, 'minute').format(startMs))
  return hours.map((hour, row) => {
    const isAlone = hours.indexOf(hour) === hours.lastIndexOf(hour)
    return isAlone ? hour : `${hour} <small>${offsetText(starts[row] ?? 0, zone)}</small>`
  })
}

/**
 * How a cell looks, and its number as text.
 *
 * @param {bigint} count
 * @param {number} startMs
 * @param {number} nowMs
 * @param {readonly number[]} limits
 */
export function cellOf(count, startMs, nowMs, limits) {
  if (startMs > nowMs && count <= 0n) return { name: 'ahead', text: '' }
  return { name: `l${levelOf(count, limits)}`, text: numberText(count) }
}

/**
 * What a cell of the heatmap is, in words.
 *
 * @param {number} startMs
 * @param {bigint} count
 * @param {{ nowMs: number, zone: string }} options
 */
export function cellText(startMs, count, { nowMs, zone }) {
  const time = format(zone, 'dayMinute').format(startMs)
  const isTwice = CLOCK_CHANGES_MS.some(ms => [startMs - ms, startMs + ms].some(other => format(zone, 'dayMinute').format(other) === time))
  const when = isTwice ? `${time} ${offsetText(startMs, zone)}` : time
  return startMs > nowMs && count <= 0n ? `${when}: this minute is still to come` : `${when}: ${pingsText(count)}`
}

/**
 * Where a key leads from a cell: to an hour or a minute next to it, along the row, or six hours up or down. Undefined: the key is not
 * for the heatmap.
 *
 * @param {number} index
 * @param {{ key: string, ctrlKey: boolean }} event
 * @param {number} cells
 */
export function movedIndex(index, { key, ctrlKey }, cells) {
  const column = index % COLUMNS
  const row = Math.floor(index / COLUMNS)
  const lastRow = cells / COLUMNS - 1
  /** @param {number} toRow @param {number} toColumn */
  const at = (toRow, toColumn) => Math.min(Math.max(toRow, 0), lastRow) * COLUMNS + Math.min(Math.max(toColumn, 0), COLUMNS - 1)
  /** @type {Record<string, number>} */
  const targets = {
    ArrowLeft: at(row, column - 1),
    ArrowRight: at(row, column + 1),
    ArrowUp: at(row - 1, column),
    ArrowDown: at(row + 1, column),
    Home: at(ctrlKey ? 0 : row, 0),
    End: at(ctrlKey ? lastRow : row, COLUMNS - 1),
    PageUp: at(row - PAGE_ROWS, column),
    PageDown: at(row + PAGE_ROWS, column),
  }
  return targets[key]
}

/** @param {bigint} count */
export function pingsText(count) {
  return count === 1n ? '1 ping' : `${numberText(count)} pings`
}

/**
 * What the classes of cells mean.
 *
 * @param {Grid | undefined} grid
 */
export function legendItems(grid) {
  if (grid === undefined) return ''
  const limits = thresholds(grid.counts)
  const items = limits.flatMap((limit, index) => {
    const from = index === 0 ? 1 : (limits[index - 1] ?? 0) + 1
    if (from > limit) return []
    return `<li><span class="l${index + 1}" aria-hidden="true"></span>${from === limit ? numberText(from) : `${numberText(from)} to ${numberText(limit)}`}</li>`
  })
  return `<li><span class="l0" aria-hidden="true"></span>none</li>${items.join('')}`
}

/** The heads of the columns: minutes after the hour, of which every tenth is drawn. */
export function minuteHeads() {
  return Array.from({ length: COLUMNS }, (_, minute) => {
    const text = String(minute).padStart(2, '0')
    return `<th scope="col">${minute % 10 === 0 ? text : `<span class="unseen">${text}</span>`}</th>`
  }).join('')
}

/**
 * The last days, today first, each with its number and a bar.
 *
 * @param {readonly Bucket[] | undefined} days
 * @param {string} zone
 */
export function dayRows(days, zone) {
  if (days === undefined) return wideRow(3, 'Not known now: neither a fresh cache nor Postgres has answered.')
  const max = days.reduce((most, { count }) => (count > most ? count : most), 1n)
  const rows = days.map(({ startMs, count }, index) => {
    const day = index === days.length - 1 ? 'Today' : format(zone, 'day').format(startMs)
    const width = (Number(count) / Number(max)) * BAR
    return `<tr><th scope="row">${escapeHtml(day)}</th><td>${numberText(count)}</td><td class="bar"><svg viewBox="0 0 ${BAR} 1" preserveAspectRatio="none" aria-hidden="true"><rect width="${Number(width.toFixed(2))}" height="1"/></svg></td></tr>`
  })
  return rows.toReversed().join('')
}

/**
 * The start of an hour by a zone's clock. Some zones are half an hour apart from others.
 *
 * @param {number} ms
 * @param {string} zone
 */
function hourStart(ms, zone) {
  const minute = Number(
    format(zone, 'minute')
      .formatToParts(ms)
      .find(({ type }) => type === 'minute')?.value,
  )
  return ms - (ms % MINUTE_MS) - minute * MINUTE_MS
}
