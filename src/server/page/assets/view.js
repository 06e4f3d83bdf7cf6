// What the page shows, as text and HTML. The server makes the first view with it, and the browser every later one, so both
// show the same. It knows no document and no network.

/** @typedef {{ count: bigint, source: 'cache' | 'database', ageMs: number }} Count */
/** @typedef {{ name: string, state: 'up' | 'late' | 'down', text: string }} Part */
/** @typedef {{ lane: number, head: bigint, published: bigint, applied?: bigint | undefined, ageMs?: number | undefined }} Lane */
/**
 * What the server knows: see src/server/page/page-state.ts.
 *
 * @typedef {{ atMs: number, total?: Count | undefined, perSecond?: number | undefined, provenAtMs?: number | undefined,
 *   parts: readonly Part[], lanes?: readonly Lane[] | undefined, minutes?: { firstMs: number, counts: readonly bigint[] } | undefined, version: string }} State
 */
/** @typedef {Record<'total' | 'rate' | 'proven' | 'counted' | 'parts' | 'lanes', string>} StateParts HTML by the id of its element */

/** Shown where a number is not known. */
export const UNKNOWN = '–'
/** The names of parts, as people write them. */
const PART_NAMES = { postgres: 'Postgres', cache: 'Cache', kafka: 'Kafka', processor: 'Processor' }
/** The state of a part in a word and in a sign, so that nothing depends on its colour. */
const PART_SIGNS = { up: '✓', late: '!', down: '✕' }
const SECOND_MS = 1_000
const MINUTE_MS = 60_000
const HOUR_MS = 60 * MINUTE_MS

/**
 * The state that one line of JSON describes.
 *
 * @param {string} json
 * @returns {State}
 */
export function parseState(json) {
  const { total, lanes, minutes, ...rest } = JSON.parse(json)
  return {
    ...rest,
    total: total && { ...total, count: BigInt(total.count) },
    minutes: minutes && { ...minutes, counts: minutes.counts.map(BigInt) },
    lanes: lanes?.map(
      (/** @type {Record<'lane' | 'head' | 'published' | 'applied' | 'ageMs', any>} */ { head, published, applied, ...lane }) => ({
        ...lane,
        head: BigInt(head),
        published: BigInt(published),
        applied: applied === undefined ? undefined : BigInt(applied),
      }),
    ),
  }
}

/**
 * The parts of the page that depend on the state.
 *
 * @param {State} state
 * @param {string} zone the IANA name of the time zone in which times are shown
 * @returns {StateParts}
 */
export function stateParts(state, zone) {
  const { atMs, total, perSecond, provenAtMs, parts, lanes } = state
  return {
    total: total === undefined ? UNKNOWN : numberText(total.count),
    rate: perSecond === undefined ? UNKNOWN : rateText(perSecond),
    proven: provenAtMs === undefined ? UNKNOWN : timeText(provenAtMs, { nowMs: atMs, zone }),
    counted: escapeHtml(countedText(state, zone)),
    parts: parts.map(partItem).join(''),
    lanes: lanes === undefined ? wideRow(5, 'Not known: Postgres is unreachable.') : lanes.map(laneRow).join(''),
  }
}

/**
 * What a screen reader says now and then.
 *
 * @param {State} state
 */
export function spokenText({ total, perSecond, parts }) {
  const down = parts.filter(part => part.state === 'down').map(part => `${partName(part)} is down`)
  const rate = perSecond === undefined ? [] : [`${rateText(perSecond)} per second`]
  return [total === undefined ? 'The count is not known' : `${numberText(total.count)} pings`, ...rate, ...down].join(', ')
}

/**
 * @param {State} state
 * @param {string} zone
 */
function countedText({ atMs, total, provenAtMs }, zone) {
  if (total === undefined) return 'Neither the cache nor Postgres can prove a count now.'
  const place = `Counted in ${total.source === 'cache' ? 'the cache' : 'Postgres'}.`
  if (provenAtMs === undefined) return place
  return `${place} Every ping that was acknowledged before ${timeText(provenAtMs, { nowMs: atMs, zone })} is included.`
}

/** @param {Part} part */
function partItem(part) {
  const { state, text } = part
  return `<li class="part ${state}"><span class="sign" aria-hidden="true">${PART_SIGNS[state]}</span><b>${escapeHtml(partName(part))}</b> <span class="word">${state}</span><p>${escapeHtml(text)}</p></li>`
}

/** @param {Part} part */
function partName({ name }) {
  return /** @type {Record<string, string>} */ (PART_NAMES)[name] ?? name
}

/** @param {Lane} lane */
function laneRow({ lane, head, published, applied, ageMs }) {
  const cells = [numberText(head), reached(published, head), reached(applied, head), ageMs === undefined ? UNKNOWN : durationText(ageMs)]
  return `<tr><th scope="row">${lane}</th>${cells.map(cell => `<td>${cell}</td>`).join('')}</tr>`
}

/**
 * A position in a lane, and how far it is from the head.
 *
 * @param {bigint | undefined} seq
 * @param {bigint} head
 */
function reached(seq, head) {
  if (seq === undefined) return UNKNOWN
  return seq < head ? `${numberText(seq)} <small>lags by ${numberText(head - seq)}</small>` : numberText(seq)
}

/**
 * A row of a table that says why it has no others.
 *
 * @param {number} columns
 * @param {string} text
 */
export function wideRow(columns, text) {
  return `<tr class="none"><td colspan="${columns}">${escapeHtml(text)}</td></tr>`
}

/** @param {bigint | number} number */
export function numberText(number) {
  return numbers.format(number)
}

/** @param {number} perSecond */
function rateText(perSecond) {
  return numbers.format(perSecond < 10 ? Math.round(perSecond * 10) / 10 : Math.round(perSecond))
}

/** @param {number} ms */
function durationText(ms) {
  if (ms < SECOND_MS) return `${Math.round(ms)} ms`
  if (ms < MINUTE_MS) return `${(ms / SECOND_MS).toFixed(1)} s`
  return ms < HOUR_MS ? `${Math.floor(ms / MINUTE_MS)} min` : `${Math.floor(ms / HOUR_MS)} h`
}

/**
 * @param {number} ms
 * @param {string} zone
 */
export function clockText(ms, zone) {
  return format(zone, 'clock').format(ms)
}

/**
 * A time of today by the clock of the zone; of another day, with its date.
 *
 * @param {number} ms
 * @param {{ nowMs: number, zone: string }} options
 */
export function timeText(ms, { nowMs, zone }) {
  const day = format(zone, 'day')
  return day.format(ms) === day.format(nowMs) ? clockText(ms, zone) : format(zone, 'dayClock').format(ms)
}

/**
 * By how much the clock of the zone differs from UTC, such as GMT+2.
 *
 * @param {number} ms
 * @param {string} zone
 */
export function offsetText(ms, zone) {
  return (
    format(zone, 'offset')
      .formatToParts(ms)
      .find(({ type }) => type === 'timeZoneName')?.value ?? ''
  )
}

/** @param {string} text */
export function escapeHtml(text) {
  return text.replace(/[&<>"']/g, char => `&#${char.charCodeAt(0)};`)
}

/**
 * The name of a time zone, which may be broken between its words.
 *
 * @param {string} zone
 */
export function zoneHtml(zone) {
  return escapeHtml(zone).replaceAll(/[/_]/g, '$&<wbr>')
}

/**
 * True if the platform knows the time zone.
 *
 * @param {string} zone
 */
export function isZone(zone) {
  try {
    format(zone, 'clock')
    return true
  } catch {
    return false
  }
}

const numbers = new Intl.NumberFormat('en')
/** @type {Record<string, Intl.DateTimeFormatOptions>} */
const STYLES = {
  clock: { hour: '2-digit', minute: '2-digit', second: '2-digit', hourCycle: 'h23' },
  minute: { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' },
  dayMinute: { weekday: 'short', day: 'numeric', month: 'short', hour: '2-digit', minute: '2-digit', hourCycle: 'h23' },
  dayClock: { weekday: 'short', day: 'numeric', month: 'short', hour: '2-digit', minute: '2-digit', second: '2-digit', hourCycle: 'h23' },
  day: { weekday: 'short', day: 'numeric', month: 'short' },
  offset: { timeZoneName: 'shortOffset' },
}
/** Formats are slow to create. @type {Map<string, Intl.DateTimeFormat>} */
const formats = new Map()
/** Each takes about 30 kB, and callers choose the zones: a name may be written in lower and upper case in many ways. */
const MAX_FORMATS = 64

/**
 * @param {string} timeZone
 * @param {keyof typeof STYLES} style
 */
export function format(timeZone, style) {
  const key = `${style} ${timeZone}`
  const known = formats.get(key)
  if (known !== undefined) return known
  const made = new Intl.DateTimeFormat('en-GB', { ...STYLES[style], timeZone })
  const [oldest] = formats.keys()
  if (formats.size >= MAX_FORMATS && oldest !== undefined) formats.delete(oldest)
  formats.set(key, made)
  return made
}
