import { describe, expect, test } from 'vitest'
import { address } from '../../src/cli/formats/address.ts'
import { duration, formatDuration } from '../../src/cli/formats/duration.ts'
import { pingId } from '../../src/cli/formats/ping-id.ts'
import { rate } from '../../src/cli/formats/rate.ts'
import { boundTime, FIRST_TIME_MS, LAST_TIME_MS, pingTime, timeRange } from '../../src/cli/formats/time.ts'
import { wholeNumber } from '../../src/cli/formats/whole-number.ts'

describe('a time of pingcli', () => {
  test.each([
    ['0', 0n],
    ['-5', -5n],
    ['+5', 5n],
    ['1763717400000', 1763717400000n],
    ['2026', 2026n],
    ['2026-11-21', BigInt(Date.UTC(2026, 10, 21))],
    ['2026-11-21T09:30', BigInt(Date.UTC(2026, 10, 21, 9, 30))],
    ['2026-11-21 09:30:15', BigInt(Date.UTC(2026, 10, 21, 9, 30, 15))],
    ['2026-11-21T09:30:15Z', BigInt(Date.UTC(2026, 10, 21, 9, 30, 15))],
    ['2026-11-21T09:30:15.25z', BigInt(Date.UTC(2026, 10, 21, 9, 30, 15, 250))],
    ['2026-11-21T10:30+01:00', BigInt(Date.UTC(2026, 10, 21, 9, 30))],
    ['2026-11-21T05:00-0430', BigInt(Date.UTC(2026, 10, 21, 9, 30))],
    ['2026-11-21T10:30+01', BigInt(Date.UTC(2026, 10, 21, 9, 30))],
    ['2024-02-29', BigInt(Date.UTC(2024, 1, 29))],
    ['1969-12-31T23:59:59.999Z', -1n],
    ['0001-01-01T00:00:00Z', FIRST_TIME_MS],
    ['9999-12-31T23:59:59.999Z', LAST_TIME_MS],
    [String(FIRST_TIME_MS), FIRST_TIME_MS],
    [String(LAST_TIME_MS), LAST_TIME_MS],
  ])('%s is %d ms', (text, ms) => {
    expect(pingTime.parse(text)).toBe(ms)
    expect(boundTime.parse(text)).toBe(ms)
  })

  test.each([
    '',
    'now',
    '1.5',
    '1e3',
    '0x10',
    '2026-02-29',
    '2026-02-30',
    '2026-13-01',
    '2026-1-1',
    '2026-11-21T24:00Z',
    '2026-11-21T09:60Z',
    '2026-11-21T09:30:60Z',
    '2026-11-21T09:30:15.1234Z',
    '2026-11-21T09Z',
    '2026-11-21T09:30+24:00',
    '2026-11-21T09:30+01:60',
    '2026-11-21Z',
    '12026-01-01',
    ' 0',
  ])('%j is refused', text => {
    expect(pingTime.parse(text)).toBeUndefined()
    expect(boundTime.parse(text)).toBeUndefined()
  })

  test('of a ping is in the years 0001 to 9999; the bound of a range is any int64', () => {
    for (const outside of [String(FIRST_TIME_MS - 1n), String(LAST_TIME_MS + 1n), '0000-12-31', '0001-01-01T00:00+00:01']) {
      expect(pingTime.parse(outside)).toBeUndefined()
      expect(boundTime.parse(outside)).toBeTypeOf('bigint')
    }
    expect(boundTime.parse('9223372036854775807')).toBe(2n ** 63n - 1n)
    expect(boundTime.parse('9223372036854775808')).toBeUndefined()
    expect(boundTime.parse('-9223372036854775808')).toBe(-(2n ** 63n))
    expect(boundTime.parse('-9223372036854775809')).toBeUndefined()
  })

  test('that bounds a range on one side leaves the other side open', () => {
    expect(timeRange(5n, undefined)).toEqual({ start: 5n, end: 2n ** 63n - 1n })
    expect(timeRange(undefined, 5n)).toEqual({ start: -(2n ** 63n), end: 5n })
  })
})

describe('a duration of pingcli', () => {
  test.each([
    ['500ms', 500],
    ['2s', 2_000],
    ['1.5s', 1_500],
    ['1m', 60_000],
    ['1h', 3_600_000],
    ['1ms', 1],
  ])('%s is %d ms', (text, ms) => expect(duration(1).parse(text)).toBe(ms))

  test.each(['', '5', '0s', '0.5ms', '-1s', '1d', 's', '1 s', '1e3ms', '999999999h', 'Infinity'])('%j is refused', text =>
    expect(duration(1).parse(text)).toBeUndefined(),
  )

  test('may be 0 if its minimum is 0', () => expect(duration(0).parse('0s')).toBe(0))

  test.each([
    [0.04, '0 ms'],
    [3.14, '3.1 ms'],
    [120.4, '120 ms'],
    [2_000, '2 s'],
    [2_540, '2.5 s'],
    [200_000, '3 min 20 s'],
    [7_260_000, '2 h 1 min'],
  ])('%d ms is shown as %s', (ms, text) => expect(formatDuration(ms)).toBe(text))
})

describe('a rate of pingcli', () => {
  test.each([
    ['100', 100],
    ['0.5', 0.5],
    ['0.5/s', 0.5],
    ['30/m', 0.5],
    ['3600/h', 1],
  ])('%s is %d per second', (text, perSecond) => expect(rate.parse(text)).toBe(perSecond))

  test.each(['', '0', '-1', '0/s', '1/d', '/s', '1000001', 'NaN'])('%j is refused', text => expect(rate.parse(text)).toBeUndefined())
})

describe('an integer from 1 to 10', () => {
  const format = wholeNumber(1, 10)
  test.each([
    ['1', 1],
    ['10', 10],
  ])('%s is accepted', (text, value) => expect(format.parse(text)).toBe(value))
  test.each(['0', '11', '-1', '1.0', '1e1', '', ' 1', 'x'])('%j is refused', text => expect(format.parse(text)).toBeUndefined())
})

describe('a ping id', () => {
  const id = '0197a2b4-5c6d-7e8f-9a0b-1c2d3e4f5a6b'
  test('is a UUID in any case', () => expect(pingId.parse(id.toUpperCase())).toBe(id))
  test.each(['', id.slice(1), `${id}0`, id.replaceAll('-', ''), `{${id}}`, id.replace('a', 'g')])('%j is refused', text =>
    expect(pingId.parse(text)).toBeUndefined(),
  )
})

describe('an address of a Ping server', () => {
  test.each([
    ['http://127.0.0.1:8080', 'http://127.0.0.1:8080'],
    ['https://ping.example.com/', 'https://ping.example.com'],
    ['https://example.com/ping/', 'https://example.com/ping'],
    ['http://[::1]:8080', 'http://[::1]:8080'],
  ])('%s becomes %s', (text, value) => expect(address.parse(text)).toBe(value))
  test.each([
    '',
    '127.0.0.1:8080',
    'localhost:8080',
    'ftp://x',
    'http:',
    'http://',
    'http:/x',
    'http://u:p@h',
    'http://h?q=1',
    'http://h:99999',
  ])('%j is refused', text => expect(address.parse(text)).toBeUndefined())
})
