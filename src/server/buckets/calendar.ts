import type { Range } from '../count-reader/count.ts'
import { CalendarError } from './calendar-error.ts'
import { offsetSpans, type OffsetSpan } from './offset-spans.ts'

export type BucketUnit = 'minute' | 'hour' | 'day' | 'week' | 'month'

/** A week of minutes. */
export const MAX_BUCKETS = 10_080
const MINUTE_MS = 60_000
const HOUR_MS = 60 * MINUTE_MS
const DAY_MS = 24 * HOUR_MS
/** Bounds of a range: the whole years in which every unit is within the times of Temporal. */
const [MIN_YEAR, MAX_YEAR] = [-271_820, 275_759]
const [MIN_MS, END_MS] = [Date.UTC(MIN_YEAR, 0, 1), Date.UTC(MAX_YEAR + 1, 0, 1)]

/** Units whose length in ms is fixed. */
const CLOCK_UNITS: Readonly<Record<'minute' | 'hour', number>> = { minute: MINUTE_MS, hour: HOUR_MS }

/** A unit of whole days, numbered in the order of time. Days are numbered from 1970-01-01, which is 0. */
interface DayUnit {
  indexOf(day: number): number
  firstDayOf(index: number): number
}

const DAY_UNITS: Readonly<Record<Exclude<BucketUnit, 'minute' | 'hour'>, DayUnit>> = {
  day: { indexOf: day => day, firstDayOf: index => index },
  // 1970-01-01 was a Thursday: the Monday of its week is day −3.
  week: { indexOf: day => Math.floor((day + 3) / 7), firstDayOf: index => index * 7 - 3 },
  month: { indexOf: monthOfDay, firstDayOf: firstDayOfMonth },
}

/** No bucket is longer: a month, if its time zone also repeats a day. */
const MAX_LENGTH_MS: Readonly<Record<BucketUnit, number>> = {
  minute: MINUTE_MS,
  hour: HOUR_MS,
  day: 2 * DAY_MS,
  week: 8 * DAY_MS,
  month: 32 * DAY_MS,
}

/**
 * The starts of the buckets that cover [startMs, endMs), ascending, in ms since the Unix epoch. Each bucket ends where the next
 * one starts. The first may start before the range; of an empty range there are none.
 *
 * A day, a week or a month starts at the first instant of its first date, so a day has the hours that its time zone gives it. A
 * date that a zone skips has no bucket. If clocks are set back over midnight, the later date has started, and goes on. Minutes
 * and hours are those of the local clock, always of the same length, but one is cut where the clock is set by a part of the unit.
 *
 * Throws `CalendarError` for an unknown time zone, for more than `MAX_BUCKETS` buckets, and for a time that no calendar has.
 */
export function bucketStarts({ startMs, endMs }: Range, unit: BucketUnit, timeZone: string): readonly number[] {
  const [start, end] = [checkedTime('start', startMs), checkedTime('end', endMs)]
  const starts: number[] = []
  if ((end - start) / MAX_LENGTH_MS[unit] > MAX_BUCKETS) throw tooMany(unit)
  // Before the first bucket there is at least one other whole unit, so that the walk begins in a known unit.
  const spans = offsetSpans(timeZone, start - 2 * MAX_LENGTH_MS[unit], Math.max(end, start + 1))
  for (const next of startsIn(spans, unit)) {
    if (next <= start) starts[0] = next
    else starts.push(next)
    if (starts.length > MAX_BUCKETS) throw tooMany(unit)
  }
  return end > start ? starts : []
}

function checkedTime(bound: 'start' | 'end', timeMs: bigint): number {
  if (timeMs >= BigInt(MIN_MS) && timeMs <= BigInt(END_MS)) return Number(timeMs)
  throw new CalendarError(`time_range.${bound}: got ${timeMs}, expected ms of the years ${MIN_YEAR} to ${MAX_YEAR}: ${MIN_MS} to ${END_MS}`)
}

function tooMany(unit: BucketUnit): CalendarError {
  return new CalendarError(`time_range: got more than ${MAX_BUCKETS} buckets of unit ${unit}, expected at most ${MAX_BUCKETS}`)
}

function startsIn(spans: Iterable<OffsetSpan>, unit: BucketUnit): Generator<number> {
  if (unit === 'minute' || unit === 'hour') return clockStarts(spans, CLOCK_UNITS[unit])
  return dayUnitStarts(spans, DAY_UNITS[unit])
}

function* clockStarts(spans: Iterable<OffsetSpan>, unitMs: number): Generator<number> {
  let phaseBefore: number | undefined
  for (const { fromMs, toMs, offsetMs } of spans) {
    const phase = modulo(-offsetMs, unitMs)
    let next = fromMs + modulo(phase - fromMs, unitMs)
    if (phaseBefore !== undefined && phase !== phaseBefore && next !== fromMs) yield fromMs
    for (; next < toMs; next += unitMs) yield next
    phaseBefore = phase
  }
}

function* dayUnitStarts(spans: Iterable<OffsetSpan>, { indexOf, firstDayOf }: DayUnit): Generator<number> {
  let reached: number | undefined
  for (const { fromMs, toMs, offsetMs } of spans) {
    const index = indexOf(Math.floor((fromMs + offsetMs) / DAY_MS))
    if (reached !== undefined && index > reached) yield fromMs // its midnight is here, or in the gap before
    reached = Math.max(index, reached ?? index)
    for (;;) {
      const next = firstDayOf(reached + 1) * DAY_MS - offsetMs
      if (next >= toMs) break
      yield next
      reached++
    }
  }
}

/** Months are numbered from January of the year 0. */
function monthOfDay(day: number): number {
  const date = new Date(day * DAY_MS)
  return date.getUTCFullYear() * 12 + date.getUTCMonth()
}

function firstDayOfMonth(index: number): number {
  return new Date(0).setUTCFullYear(Math.floor(index / 12), modulo(index, 12), 1) / DAY_MS
}

/** Never negative. */
function modulo(value: number, by: number): number {
  return ((value % by) + by) % by
}
