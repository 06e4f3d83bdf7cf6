import { describe, expect, test } from 'vitest'
import { bucketRange } from '../../src/cli/buckets/bucket-range.ts'
import { bucketTimeText, isoTime } from '../../src/cli/buckets/bucket-time.ts'
import { bucketsSummary, bucketsTable } from '../../src/cli/buckets/buckets-report.ts'
import type { BucketsAnswer, BucketsQuestion, Unit } from '../../src/cli/client/ping-client.ts'
import { timeZone } from '../../src/cli/formats/time-zone.ts'
import { bar } from '../../src/cli/output/bar.ts'
import { bucketStarts } from '../../src/server/buckets/calendar.ts'
import { atDepth } from '../support/depth.ts'
import { seededRandom } from '../support/random.ts'

const MAX = 2n ** 63n - 1n
const ms = (iso: string): bigint => BigInt(Date.parse(iso))

describe('the range of pingcli buckets', () => {
  const NOW = '2026-10-26T09:30:15.250Z'

  test.each<[Unit, string, string, string]>([
    ['minute', 'UTC', '2026-10-26T08:31Z', '2026-10-26T09:31Z'],
    ['hour', 'UTC', '2026-10-25T10:00Z', '2026-10-26T10:00Z'],
    ['hour', 'Asia/Kolkata', '2026-10-25T10:30Z', '2026-10-26T10:30Z'],
    ['day', 'UTC', '2026-09-27T00:00Z', '2026-10-27T00:00Z'],
    ['day', 'Europe/Berlin', '2026-09-26T22:00Z', '2026-10-26T23:00Z'], // summer time ends on 25 October
    ['week', 'UTC', '2026-08-10T00:00Z', '2026-11-02T00:00Z'],
    ['month', 'America/New_York', '2025-11-01T04:00Z', '2026-11-01T04:00Z'],
  ])('is, by %s in %s, the last whole buckets and the present one', (unit, zone, start, end) =>
    expect(bucketRange({ unit, zone, from: undefined, to: undefined }, Date.parse(NOW))).toEqual({ start: ms(start), end: ms(end) }),
  )

  test('starts and ends with a bucket of the server, in every zone and at any time', () => {
    const random = seededRandom(20261128)
    const zones = Intl.supportedValuesOf('timeZone')
    const asks = Array.from({ length: atDepth({ normally: 300, thoroughly: 3_000 }) }, () => ({
      zone: random.pick(zones),
      nowMs: random.between(Date.UTC(1990, 0), Date.UTC(2040, 0)),
    }))
    const withoutMidnight = { zone: 'Asia/Damascus', nowMs: Date.parse('1994-04-01T00:48Z') }
    const wrong = [withoutMidnight, ...asks].flatMap(({ zone, nowMs }) =>
      (['minute', 'hour', 'day', 'week', 'month'] as const).flatMap(unit => {
        const { start, end } = bucketRange({ unit, zone, from: undefined, to: undefined }, nowMs)
        const starts = bucketStarts({ startMs: start, endMs: end + 1n }, unit, zone)
        return starts[0] === Number(start) && starts.at(-1) === Number(end)
          ? []
          : [`${unit} in ${zone} at ${new Date(nowMs).toISOString()}`]
      }),
    )
    expect(wrong).toEqual([])
  })

  test('without --to ends with the present bucket', () =>
    expect(bucketRange({ unit: 'day', zone: 'UTC', from: 5n, to: undefined }, Date.parse(NOW))).toEqual({
      start: 5n,
      end: ms('2026-10-27T00:00Z'),
    }))

  test('without --from has the default number of buckets, of which the last is the one that --to ends in', () => {
    const range = (to: string) => bucketRange({ unit: 'month', zone: 'UTC', from: undefined, to: ms(to) }, 0)
    expect(range('2026-03-01T00:00Z').start).toBe(ms('2025-03-01T00:00Z'))
    expect(range('2026-03-01T00:00:00.001Z').start).toBe(ms('2025-04-01T00:00Z'))
  })

  test('without --from is as long in years that a ping cannot have', () => {
    const range = (to: string) => bucketRange({ unit: 'month', zone: 'Asia/Tokyo', from: undefined, to: ms(to) }, 0)
    expect(range('-000500-12-31T14:41:01Z').start).toBe(ms('-000501-12-31T14:41:01Z'))
    expect(range('+012000-12-31T15:00Z').start).toBe(ms('+011999-12-31T15:00Z'))
  })

  test.each([MAX, -MAX - 1n])('leaves a bound that no calendar has to the server: %s', to => {
    for (const unit of ['minute', 'hour', 'day', 'week', 'month'] as const) {
      const { start, end } = bucketRange({ unit, zone: 'America/New_York', from: undefined, to }, 0)
      expect([start <= end, end]).toEqual([true, to])
    }
  })
})

describe('the start of a bucket', () => {
  test.each<[string, string, Unit, string]>([
    ['2026-10-25T00:00Z', 'UTC', 'hour', '2026-10-25 00:00'],
    ['2026-10-24T23:00Z', 'Europe/Berlin', 'hour', '2026-10-25 01:00'],
    ['2026-10-25T00:00Z', 'Europe/Berlin', 'hour', '2026-10-25 02:00 +02:00'],
    ['2026-10-25T01:00Z', 'Europe/Berlin', 'hour', '2026-10-25 02:00 +01:00'],
    ['2026-10-25T02:00Z', 'Europe/Berlin', 'hour', '2026-10-25 03:00'],
    ['2026-03-29T01:00Z', 'Europe/Berlin', 'hour', '2026-03-29 03:00'],
    ['2026-04-04T14:59Z', 'Australia/Lord_Howe', 'minute', '2026-04-05 01:59 +11:00'],
    ['2026-04-04T15:00Z', 'Australia/Lord_Howe', 'minute', '2026-04-05 01:30 +10:30'],
    ['2026-10-25T22:00Z', 'Europe/Berlin', 'day', '2026-10-25 23:00'],
    ['2026-10-24T22:00Z', 'Europe/Berlin', 'day', '2026-10-25'],
    ['2018-11-04T03:00Z', 'America/Sao_Paulo', 'day', '2018-11-04'], // that day has no midnight
    ['2026-10-31T23:00Z', 'Europe/Berlin', 'month', '2026-11-01'],
    ['1883-11-18T16:56:02Z', 'America/New_York', 'minute', '1883-11-18 12:00 -04:56:02'],
    ['1880-01-01T00:00Z', 'America/New_York', 'minute', '1879-12-31 19:03:58'],
  ])('%s in %s is shown, by %s, as %s', (iso, zone, unit, text) => expect(bucketTimeText(ms(iso), unit, zone)).toBe(text))

  test('has, for programs, the offset of its zone', () => {
    expect(isoTime(ms('2026-10-25T01:00Z'), 'Europe/Berlin')).toBe('2026-10-25T02:00:00+01:00')
    expect(isoTime(-1n, 'UTC')).toBe('1969-12-31T23:59:59.999+00:00')
  })
})

describe('the table of pingcli buckets', () => {
  const HOUR_MS = 3_600_000n
  const question: BucketsQuestion = {
    unit: 'hour',
    zone: 'Europe/Berlin',
    range: { start: ms('2026-10-25T00:15Z'), end: ms('2026-10-25T04:00Z') },
    strong: false,
  }
  const counts = [1n, 8_000n, 0n, 4_000n]
  const answer: BucketsAnswer = {
    buckets: counts.map((count, hour) => ({ start: ms('2026-10-25T00:00Z') + BigInt(hour) * HOUR_MS, count })),
    source: 'cache',
    ageMs: 120,
  }
  const wide = { unicode: true, escapes: false, columns: 51 }

  test('has a bar for each bucket, as long as the line allows', () => {
    expect(bucketsTable(question, answer, wide).split('\n')).toEqual([
      'hour                     pings',
      '2026-10-25 02:00 +02:00      1  ▏',
      '2026-10-25 02:00 +01:00  8 000  ██████████████████',
      '2026-10-25 03:00             0',
      '2026-10-25 04:00         4 000  █████████',
    ])
  })

  test('has bars of ASCII where the terminal has nothing else', () => {
    const table = bucketsTable(question, answer, { ...wide, unicode: false })
    expect(table.split('\n').slice(1)).toEqual([
      '2026-10-25 02:00 +02:00      1  #',
      `2026-10-25 02:00 +01:00  8 000  ${'#'.repeat(18)}`,
      '2026-10-25 03:00             0',
      `2026-10-25 04:00         4 000  ${'#'.repeat(9)}`,
    ])
    expect([...table].filter(character => character > '~')).toEqual([])
  })

  test('colours the bars only where escape sequences may be shown', () => {
    const coloured = bucketsTable(question, answer, { ...wide, escapes: true })
    expect(coloured).toContain('8 000  \u001B[36m██████████████████\u001B[39m')
    expect(coloured.replaceAll('\u001B[36m', '').replaceAll('\u001B[39m', '')).toBe(bucketsTable(question, answer, wide))
  })

  test.each([200, 51, 45, 40, 37, 36, 20, 1])('never fills a line of %i columns, unless the numbers alone do', columns => {
    const lines = bucketsTable(question, answer, { ...wide, columns }).split('\n')
    const longest = Math.max(...lines.map(line => line.length))
    expect(longest).toBeLessThan(Math.max(columns, 31))
    expect(longest === columns - 1).toBe(columns > 36)
  })

  test('ends with the range and the sum', () => {
    expect(bucketsSummary(question, answer)).toBe(
      '4 hours of Europe/Berlin, from 2026-10-25 02:15 +02:00 to 2026-10-25 05:00\n12 001 pings (cache, 120 ms old)',
    )
    const [first] = answer.buckets
    expect(bucketsSummary({ ...question, unit: 'day' }, { buckets: [first!], source: undefined, ageMs: undefined })).toMatch(
      /^1 day of .*\n1 ping$/,
    )
  })
})

describe('a bar', () => {
  test('is as long as its value, rounded up, also for the largest count', () => {
    const lengths = [0n, 1n, MAX / 2n, MAX - 1n, MAX].map(value => bar(value, MAX, 10, { unicode: true }))
    expect(lengths).toEqual(['', '▏', '█████', '██████████', '██████████'])
    expect([1n, 2n, 3n, 4n, 5n, 6n, 7n, 8n].map(value => bar(value, 8n, 1, { unicode: true })).join('')).toBe('▏▎▍▌▋▊▉█')
  })

  test('of nothing is empty', () => expect([bar(0n, 0n, 10, { unicode: true }), bar(0n, 5n, 10, { unicode: false })]).toEqual(['', '']))
})

describe('a time zone of pingcli', () => {
  test.each(['UTC', 'Europe/Berlin', 'America/Argentina/Buenos_Aires', 'Etc/GMT+5'])('%s is accepted', name =>
    expect(timeZone.parse(name)).toBe(name),
  )
  test.each(['', 'Mars/Olympus', '+02:00', '2026-01-01T00:00[UTC]', 'Europe/', 'Europe Berlin', '../UTC'])('%j is refused', name =>
    expect(timeZone.parse(name)).toBeUndefined(),
  )
})
