// Keeps the page that the server has sent up to date, and lets the viewer move through it and send a ping.

import {
  cellOf,
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
  pingsText,
  thresholds,
  toGrid,
  withMinutes,
} from './calendar.js'
import { follow, listBuckets, newPingId, sendPing } from './server.js'
import { escapeHtml, isZone, numberText, parseState, spokenText, stateParts, timeText, zoneHtml } from './view.js'

/** @param {string} id one that the page has */
function element(id) {
  const found = document.getElementById(id)
  if (found === null) throw new Error(`no element ${id}`)
  return found
}

const asked = new URLSearchParams(location.search).get('zone') ?? Intl.DateTimeFormat().resolvedOptions().timeZone
/** Of a machine whose zone it does not know, a browser says Etc/Unknown, which it does not accept itself. */
const zone = isZone(asked) ? asked : 'UTC'
const isCalm = matchMedia('(prefers-reduced-motion: reduce)')
/** The server's clock minus the browser's, in ms. */
let clockDifferenceMs = 0
const serverNow = () => Date.now() + clockDifferenceMs

/** The HTML of elements that were changed, by their ids. @type {Record<string, string>} */
const shown = {}

/**
 * @param {string} id
 * @param {string} html
 */
function show(id, html) {
  if (shown[id] === html) return
  shown[id] = html
  element(id).innerHTML = html
}

// The state

const TICK_MS = 600
/** At most one sentence for screen readers in this time. */
const SPEAK_MS = 10_000
/** @type {bigint | undefined} */
let total
/** The number on the screen while it moves to `total`. */
let ticked = 0n
let spokenMs = performance.now()
/** @type {ReturnType<typeof setTimeout> | undefined} */
let speaking

/** @param {string} json */
function showState(json) {
  const state = parseState(json)
  clockDifferenceMs = state.atMs - Date.now()
  const { total: totalHtml, ...parts } = stateParts(state, zone)
  for (const [id, html] of Object.entries(parts)) show(id, html)
  const [before, count] = [total, state.total?.count]
  total = count
  if (count === undefined) show('total', totalHtml)
  else if (before === undefined) setTotal(count)
  else if (count !== before) tick(count)
  showTime()
  if (!takeMinutes(state, before) && count !== before) refreshSoon()
  speakLater(spokenText(state))
}

/** @param {bigint} count */
function setTotal(count) {
  ticked = count
  show('total', numberText(count))
}

/**
 * Counts up to a total, or shows it at once to a viewer who wants no motion.
 *
 * @param {bigint} to
 */
function tick(to) {
  const from = ticked
  const beganMs = performance.now()
  const step = () => {
    if (total !== to) return // there is a newer one
    const part = isCalm.matches || to < from ? 1 : (performance.now() - beganMs) / TICK_MS
    setTotal(part >= 1 ? to : from + BigInt(Math.floor(Number(to - from) * part)))
    if (part < 1) requestAnimationFrame(step)
  }
  step()
}

/** @param {string} text */
function speakLater(text) {
  clearTimeout(speaking)
  const say = () => {
    spokenMs = performance.now()
    show('spoken', escapeHtml(text))
  }
  speaking = setTimeout(say, Math.max(0, spokenMs + SPEAK_MS - performance.now()))
}

/** When the connection was lost, in ms of the server's clock. */
let lostMs = 0

/** @param {import('./server.js').Link} link */
function showLink(link) {
  if (link !== 'reconnecting') lostMs = 0
  else if (lostMs === 0) lostMs = serverNow()
  const texts = {
    live: 'live',
    polling: 'live, every 3 s',
    reconnecting: `reconnecting since ${timeText(lostMs, { nowMs: serverNow(), zone })}`,
  }
  const line = element('link')
  line.hidden = false
  line.className = `link ${link}`
  show('link', texts[link])
  if (link === 'live') refreshNow()
}

// The heatmap and the days

/**
 * The newest minutes come with the state. Where the cache does not have them, they are asked for while pings arrive, first often, then
 * less and less: each look costs the server, and there may be a thousand viewers. All minutes are asked for from time to time, and once
 * the total says that pings have older times.
 */
const REFRESH_MS = { min: 2_000, max: 16_000 }
const REFRESH_ALL_MS = 300_000
/** Most pings are in the newest minutes. */
const NEWEST = 3
const heatmap = element('heatmap')
const body = /** @type {HTMLTableSectionElement} */ (element('minutes'))
/** @type {import('./calendar.js').Grid | undefined} */
let grid
/** @type {import('./calendar.js').Bucket[]} */
let days = []
/** The minute whose cell the tab key reaches, in ms. */
let focusMs = 0
let allMs = -Infinity
let refreshedMs = -Infinity
let paceMs = REFRESH_MS.min
/** When asking first failed, in ms of the server's clock. @type {number | undefined} */
let staleSinceMs
/** The minute that was the newest in the heatmap. */
let newestMs = 0
/** @type {ReturnType<typeof setTimeout> | undefined} */
let refreshing

/** Asks for what may have changed as often as at first: the viewer has done something, or the server is back. */
function refreshNow() {
  clearTimeout(refreshing)
  refreshing = undefined
  paceMs = REFRESH_MS.min
  refreshSoon()
}

/** Asks for what may have changed, as soon as it may be asked for again. */
function refreshSoon() {
  if (refreshing !== undefined || document.hidden) return
  const run = async () => {
    const nowMs = performance.now()
    paceMs = nowMs - refreshedMs > 2 * REFRESH_MS.max ? REFRESH_MS.min : Math.min(2 * paceMs, REFRESH_MS.max)
    refreshedMs = nowMs
    const fault = await refresh().catch(error => String(error.message))
    refreshing = undefined
    staleSinceMs = fault === undefined ? undefined : (staleSinceMs ?? serverNow())
    show(
      'stale',
      staleSinceMs === undefined
        ? ''
        : escapeHtml(`Not up to date since ${timeText(staleSinceMs, { nowMs: serverNow(), zone })}: ${fault}. Trying again.`),
    )
    if (fault !== undefined) refreshSoon()
  }
  refreshing = setTimeout(run, Math.max(0, refreshedMs + paceMs - performance.now()))
}

/** The minutes are known up to this one, in ms. */
let takenMs = 0
/** The total when minutes and days were last asked for. @type {bigint | undefined} */
let askedTotal
/** Pings that are in the total, and in no minute that has come. Undefined: the next minutes are the first since some were asked for. @type {bigint | undefined} */
let missing

/**
 * Takes the newest minutes of a state, with its total and the one before. False: minutes have to be asked for if the total has changed.
 *
 * @param {import('./view.js').State} state
 * @param {bigint | undefined} before
 */
function takeMinutes({ total: known, provenAtMs = 0, minutes }, before) {
  const count = known?.count
  const today = days.at(-1)
  if (minutes === undefined || grid === undefined || today === undefined || performance.now() > allMs + REFRESH_ALL_MS) return false
  if (minutes.firstMs > takenMs || grid.firstMs !== gridRange(serverNow(), zone).startMs) {
    allMs = -Infinity // minutes in between may have changed
    return false
  }
  const isSame = count === before
  const lastMs = isSame ? provenAtMs : minutes.firstMs + (minutes.counts.length - 1) * MINUTE_MS
  takenMs = Math.max(takenMs, lastMs - (lastMs % MINUTE_MS))
  const { grid: changed, added, addedSince } = withMinutes(grid, minutes, today.startMs)
  // Answers that were sought while the total changed are not of one instant.
  missing = missing === undefined ? (count ?? 0n) - (askedTotal ?? 0n) : missing + (count ?? 0n) - (before ?? 0n) - added
  if (added !== 0n) {
    grid = changed
    days = [...days.slice(0, -1), { ...today, count: today.count + addedSince }]
    updateCells()
    showDays()
  }
  // While pings arrive, the minutes of a state are a little newer than its total.
  if (missing !== 0n && isSame) {
    allMs = -Infinity
    refreshSoon()
  }
  return true
}

function showDays() {
  show('days', dayRows(days, zone))
  show('today', pingsText(days.at(-1)?.count ?? 0n))
}

/** Goes with the time where no ping arrives: to the next minute, and with the hour to another row and perhaps another day. */
function showTime() {
  const nowMs = serverNow()
  const minuteMs = nowMs - (nowMs % MINUTE_MS)
  if (minuteMs === newestMs) return
  newestMs = minuteMs
  if (grid?.firstMs === gridRange(nowMs, zone).startMs) updateCells()
  else refreshSoon()
}

async function refresh() {
  const nowMs = serverNow()
  const range = gridRange(nowMs, zone)
  const [first] = days.slice(-1)
  const minuteMs = nowMs - (nowMs % MINUTE_MS)
  const newest = { startMs: Math.max(minuteMs - (NEWEST - 1) * MINUTE_MS, range.startMs), endMs: minuteMs + MINUTE_MS }
  askedTotal = total
  if (range.startMs !== grid?.firstMs || newest.startMs > takenMs || performance.now() > allMs + REFRESH_ALL_MS) {
    const [minutes, allDays] = await Promise.all([listBuckets('MINUTE', range, zone), listBuckets('DAY', daysRange(nowMs), zone)])
    allMs = performance.now()
    grid = toGrid(minutes)
    days = lastDays(allDays, nowMs)
    renderGrid()
  } else if (first !== undefined) {
    const today = { startMs: first.startMs, endMs: daysRange(nowMs).endMs }
    const [minutes, someDays] = await Promise.all([listBuckets('MINUTE', newest, zone), listBuckets('DAY', today, zone)])
    const counts = [...grid.counts]
    for (const { startMs, count } of minutes) counts[(startMs - range.startMs) / MINUTE_MS] = count
    grid = { ...grid, counts }
    days = lastDays([...days.slice(0, -1), ...someDays], nowMs)
    updateCells()
  }
  takenMs = minuteMs
  missing = undefined
  showDays()
}

/** Draws the whole heatmap. The focus stays on its minute. */
function renderGrid() {
  if (grid === undefined) return
  const hadFocus = body.contains(document.activeElement)
  const endMs = grid.firstMs + grid.counts.length * MINUTE_MS
  const nowMs = serverNow()
  if (focusMs < grid.firstMs || focusMs >= endMs) focusMs = nowMs - (nowMs % MINUTE_MS)
  body.innerHTML = heatmapRows(grid, { nowMs, zone, focusMs })
  show('legend', legendItems(grid))
  if (hadFocus) cellAt(focusIndex())?.focus()
}

/** Changes the cells that are not as they should be. */
function updateCells() {
  if (grid === undefined) return
  const limits = thresholds(grid.counts)
  const nowMs = serverNow()
  for (const [index, count] of grid.counts.entries()) {
    const { name, text } = cellOf(count, grid.firstMs + index * MINUTE_MS, nowMs, limits)
    const cell = cellAt(index)
    if (cell === undefined || (cell.className === name && cell.textContent === text)) continue
    cell.className = name
    cell.textContent = text
  }
  show('legend', legendItems(grid))
  if (body.contains(document.activeElement)) describe(focusIndex())
}

/** @param {number} index */
function cellAt(index) {
  return body.rows[Math.floor(index / COLUMNS)]?.cells[(index % COLUMNS) + 1]
}

function focusIndex() {
  return grid === undefined ? 0 : (focusMs - grid.firstMs) / MINUTE_MS
}

/** @param {number} index */
function moveTo(index) {
  if (grid === undefined) return
  cellAt(focusIndex())?.removeAttribute('tabindex')
  focusMs = grid.firstMs + index * MINUTE_MS
  const cell = cellAt(index)
  if (cell === undefined) return
  cell.tabIndex = 0
  cell.focus()
}

/** Says under the heatmap what a cell is. @param {number} index */
function describe(index) {
  const count = grid?.counts[index]
  if (grid !== undefined && count !== undefined)
    show('cell', escapeHtml(cellText(grid.firstMs + index * MINUTE_MS, count, { nowMs: serverNow(), zone })))
}

/** The number of the cell that an event is about. @param {Event} event */
function indexOf({ target }) {
  const cell = target instanceof Element ? target.closest('td') : null
  const row = cell?.parentElement
  return cell && row instanceof HTMLTableRowElement && grid !== undefined ? row.sectionRowIndex * COLUMNS + cell.cellIndex - 1 : undefined
}

function enableHeatmap() {
  heatmap.setAttribute('role', 'grid')
  element('keys').hidden = false
  heatmap.addEventListener('keydown', event => {
    const to = grid && indexOf(event) !== undefined ? movedIndex(focusIndex(), event, grid.counts.length) : undefined
    if (to === undefined || event.altKey || event.metaKey) return
    event.preventDefault()
    moveTo(to)
  })
  body.addEventListener('click', event => {
    const index = indexOf(event)
    if (index !== undefined) moveTo(index)
  })
  for (const kind of ['focusin', 'mouseover'])
    body.addEventListener(kind, event => {
      const index = indexOf(event)
      if (index !== undefined) describe(index)
    })
}

// The button

/** The ping that is not known to be recorded. @type {string | undefined} */
let pingId
let isSending = false

async function send() {
  if (isSending) return
  isSending = true
  pingId ??= newPingId()
  show('sent', 'Sending …')
  const { isRecorded, mayHelp, text } = await sendPing(pingId, again => show('sent', escapeHtml(again)))
  const advice = isRecorded
    ? ''
    : mayHelp
      ? ' Press the button again: the same ping is sent, and counted once.'
      : ' The ping is not recorded.'
  show('sent', escapeHtml(text + advice))
  if (isRecorded || !mayHelp) pingId = undefined
  isSending = false
  refreshNow()
}

show('zone', zoneHtml(zone))
const { state } = document.body.dataset
if (state) showState(state)
enableHeatmap()
element('send-line').hidden = false
element('send').addEventListener('click', () => void send())
follow({ onState: showState, onLink: showLink })
refreshSoon()
