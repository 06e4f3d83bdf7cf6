import { MINUTE_MS_BIGINT } from '../../terms/minute.ts'
import type { Format } from './format.ts'

/** The first and the last ms that a ping's timestamp can have: years 0001 to 9999, as google.protobuf.Timestamp. */
export const FIRST_TIME_MS = -62_135_596_800_000n
export const LAST_TIME_MS = 253_402_300_799_999n

const INT64_MIN = -(2n ** 63n)
const INT64_MAX = 2n ** 63n - 1n

const ISO = /^(\d{4}-\d{2}-\d{2})(?:[T ](\d{2}):(\d{2})(?::(\d{2})(?:[.,](\d{1,3}))?)?(Z|[+-]\d{2}(?::?\d{2})?)?)?$/i

const WRITTEN = 'an ISO 8601 time such as 2026-11-21, 2026-11-21T09:30Z or 2026-11-21T10:30:00.250+01:00 (UTC without a zone)'

/** A ping's timestamp, in ms since the Unix epoch. */
export const pingTime: Format<bigint> = {
  expected: `${WRITTEN}, or ms since the Unix epoch from ${FIRST_TIME_MS} to ${LAST_TIME_MS} (years 0001 to 9999)`,
  parse: text => inside(parseTime(text), FIRST_TIME_MS, LAST_TIME_MS),
}

/** A bound of a range, in ms since the Unix epoch: any int64. */
export const boundTime: Format<bigint> = {
  expected: `${WRITTEN}, or ms since the Unix epoch (any int64)`,
  parse: text => inside(parseTime(text), INT64_MIN, INT64_MAX),
}

/** `[from, to)` in ms; a missing bound is the limit of int64. */
export function timeRange(from: bigint | undefined, to: bigint | undefined): { start: bigint; end: bigint } {
  return { start: from ?? INT64_MIN, end: to ?? INT64_MAX }
}

function inside(value: bigint | undefined, min: bigint, max: bigint): bigint | undefined {
  return value !== undefined && value >= min && value <= max ? value : undefined
}

/** An integer is always ms, even "2026"; anything else is ISO 8601. */
function parseTime(text: string): bigint | undefined {
  if (/^[+-]?\d{1,19}$/.test(text)) return BigInt(text.replace('+', ''))
  const match = ISO.exec(text)
  if (!match) return undefined
  const [, date = '', hours = '00', minutes = '00', seconds = '00', fraction = '0', zone = 'Z'] = match
  const utcMs = parseUtc(`${date}T${hours}:${minutes}:${seconds}.${fraction.padEnd(3, '0')}Z`)
  const offsetMs = parseOffset(zone)
  return utcMs === undefined || offsetMs === undefined ? undefined : utcMs - offsetMs
}

function parseUtc(text: string): bigint | undefined {
  const ms = Date.parse(text)
  // Date turns 30 February into a day of March; converting back reveals it.
  if (Number.isNaN(ms) || new Date(ms).toISOString() !== text) return undefined
  return BigInt(ms)
}

function parseOffset(zone: string): bigint | undefined {
  if (zone.toUpperCase() === 'Z') return 0n
  const hours = BigInt(zone.slice(1, 3))
  const minutes = BigInt(zone.slice(3).replace(':', '') || '0')
  if (hours > 23n || minutes > 59n) return undefined
  return (zone.startsWith('-') ? -1n : 1n) * (hours * 60n + minutes) * MINUTE_MS_BIGINT
}
