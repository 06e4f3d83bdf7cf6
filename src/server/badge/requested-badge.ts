import { shownText } from '../../runtime/shown-text.ts'
import type { Range } from '../count-reader/count.ts'

/** A badge as a request asks for it, checked. */
export interface RequestedBadge {
  readonly label: string
  /** Undefined: all pings. */
  readonly range: Range | undefined
}

const DEFAULT_LABEL = 'pings'
/** Maximum length of a label, in UTF-16 code units. */
const MAX_LABEL = 100
/**
 * A control character, half of a surrogate pair or a non-character, as XML 1.0 has no way to write these; or a control of direction,
 * as it would reverse the digits of the count that follows the label in the title.
 */
const REFUSED = /[\p{Control}\p{Surrogate}\p{Bidi_Control}\ufffe\uffff]/u
const NAMES: readonly string[] = ['label', 'start', 'end']
const MIN_INT64 = -(2n ** 63n)
const MAX_INT64 = 2n ** 63n - 1n
const MS = 'ms since the Unix epoch (any int64)'

/**
 * Checks a query. A string is what is wrong with it. Unknown parameters are wrong, too: to ignore a misspelt `start` would be to show
 * another count than the one that was asked for.
 */
export function requestedBadge(query: URLSearchParams): RequestedBadge | string {
  for (const name of query.keys()) {
    const values = query.getAll(name)
    if (!NAMES.includes(name)) return fault(name, values[0], 'no parameters other than label, start and end')
    if (values.length > 1) return fault(name, values.join(', '), 'it once')
  }
  const label = query.get('label') ?? DEFAULT_LABEL
  if (label.length > MAX_LABEL) return fault('label', label, `at most ${MAX_LABEL} characters`)
  if (REFUSED.test(label)) return fault('label', label, 'a text without control characters')
  const range = requestedRange(query)
  return typeof range === 'string' ? range : { label, range }
}

function requestedRange(query: URLSearchParams): Range | undefined | string {
  const [start, end] = [query.get('start') ?? undefined, query.get('end') ?? undefined]
  if (start === undefined && end === undefined) return undefined
  if (start === undefined) return fault('start', undefined, `${MS}, because end is given`)
  if (end === undefined) return fault('end', undefined, `${MS}, because start is given`)
  const [startMs, endMs] = [int64(start), int64(end)]
  if (startMs === undefined) return fault('start', start, MS)
  if (endMs === undefined) return fault('end', end, MS)
  return startMs <= endMs ? { startMs, endMs } : fault('start', start, `at most end, which is ${endMs}`)
}

function int64(text: string): bigint | undefined {
  if (!/^-?\d{1,19}$/.test(text)) return undefined
  const value = BigInt(text)
  return value >= MIN_INT64 && value <= MAX_INT64 ? value : undefined
}

function fault(name: string, got: string | undefined, expected: string): string {
  const parameter = NAMES.includes(name) ? name : shownText(name)
  return `query parameter ${parameter}: got ${got === undefined ? 'none' : shownText(got)}, expected ${expected}`
}
