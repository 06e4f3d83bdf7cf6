import { describe, expect, test } from 'vitest'
import { parseTraceparent, toTraceparent, TRACEPARENT } from '../../src/tracing/trace-context.ts'

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736'
const SPAN = '00f067aa0ba902b7'

describe('traceparent', () => {
  test('is read and written as W3C Trace Context says', () => {
    for (const [flags, isSampled] of [
      ['01', true],
      ['00', false],
    ] as const) {
      const text = `00-${TRACE}-${SPAN}-${flags}`
      expect(parseTraceparent(text)).toEqual({ traceId: TRACE, spanId: SPAN, isSampled })
      expect(toTraceparent({ traceId: TRACE, spanId: SPAN, isSampled })).toBe(text)
    }
    expect(TRACEPARENT).toBe('traceparent')
  })

  test('may have flags that are not known yet, of which only "sampled" counts', () => {
    expect(parseTraceparent(`00-${TRACE}-${SPAN}-03`)?.isSampled).toBe(true)
    expect(parseTraceparent(`00-${TRACE}-${SPAN}-fe`)?.isSampled).toBe(false)
  })

  test('of a later version may be longer', () => {
    expect(parseTraceparent(`01-${TRACE}-${SPAN}-01-more`)).toEqual({ traceId: TRACE, spanId: SPAN, isSampled: true })
    expect(parseTraceparent(`01-${TRACE}-${SPAN}-01`)?.spanId).toBe(SPAN)
  })

  test.each([
    ['', 'nothing'],
    [`00-${TRACE}-${SPAN}-01-more`, 'more than version 00 has'],
    [`00-${TRACE}-${SPAN}-01more`, 'more without a hyphen'],
    [`01-${TRACE}-${SPAN}-01more`, 'more without a hyphen in a later version'],
    [`ff-${TRACE}-${SPAN}-01`, 'version ff'],
    [`0-${TRACE}-${SPAN}-01`, 'a short version'],
    [`00-${'0'.repeat(32)}-${SPAN}-01`, 'no trace id'],
    [`00-${TRACE}-${'0'.repeat(16)}-01`, 'no span id'],
    [`00-${TRACE.toUpperCase()}-${SPAN}-01`, 'upper case'],
    [`00-${TRACE.slice(1)}-${SPAN}-01`, 'a short trace id'],
    [`00-${TRACE}-${SPAN}a-01`, 'a long span id'],
    [`00-${TRACE}-${SPAN}-1`, 'short flags'],
    [`00-${TRACE}-${SPAN}`, 'no flags'],
    [` 00-${TRACE}-${SPAN}-01`, 'a space before it'],
    [`01-${TRACE}-${SPAN}-01-${'x'.repeat(300)}`, 'so long that it costs memory'],
    [`00-${TRACE}-${SPAN}-01, 00-${TRACE}-${SPAN}-01`, 'two of them'],
  ])('%j is malformed (%s), and counts as absent', text => expect(parseTraceparent(text)).toBeUndefined())
})
