/** Names a span for other programs, as W3C Trace Context does. `traceId` has 32 hex digits, `spanId` 16, in lower case. */
export interface SpanContext {
  readonly traceId: string
  readonly spanId: string
  /** Whether the caller records its trace. If not, Ping does not record its part either. */
  readonly isSampled: boolean
}

/** The header of a request, and of a record of the topic. */
export const TRACEPARENT = 'traceparent'

const SAMPLED = 0x01
/** version "-" trace id "-" span id "-" flags, and in versions after 00 perhaps more. */
const FORM = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/
/** A later version may be longer than 00, with its 55 characters. The ids that are kept hold the whole text in memory. */
const MAX_LENGTH = 256
const NO_TRACE = '0'.repeat(32)
const NO_SPAN = '0'.repeat(16)
const FIRST_VERSION = '00'
const NO_VERSION = 'ff'

/** Reads a `traceparent` (W3C Trace Context, 3.2). Undefined if it is malformed or very long: then it counts as absent. */
export function parseTraceparent(text: string): SpanContext | undefined {
  if (text.length > MAX_LENGTH) return undefined
  const [, version, traceId, spanId, flags, more] = FORM.exec(text) ?? []
  if (traceId === undefined || spanId === undefined || traceId === NO_TRACE || spanId === NO_SPAN || version === NO_VERSION)
    return undefined
  if (version === FIRST_VERSION && more !== undefined) return undefined
  return { traceId, spanId, isSampled: (Number.parseInt(flags!, 16) & SAMPLED) !== 0 }
}

export function toTraceparent({ traceId, spanId, isSampled }: SpanContext): string {
  return `${FIRST_VERSION}-${traceId}-${spanId}-${isSampled ? '01' : '00'}`
}
