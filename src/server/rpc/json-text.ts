import { CONSISTENCY_NAMES } from './requested-count.ts'
import { invalidInput } from './invalid-input.ts'

/** Whole numbers of fewer digits are exact as JavaScript numbers. */
const LONG_NUMBER = /\d{16}/
/** A JSON string, closed or cut off, or a number. Every start matches at once, so the search is linear. */
const STRING_OR_NUMBER = /"(?:[^"\\]|\\[^])*"?|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g
const LONG_INTEGER = /^-?[1-9]\d{15,}$/

/**
 * Puts quotes around whole numbers that JavaScript would round. JSON may carry an int64 as a number
 * or as a string; only the string arrives exact, and the bounds of a range may be any int64.
 */
export function quoteLongIntegers(json: string): string {
  if (!LONG_NUMBER.test(json)) return json
  return json.replace(STRING_OR_NUMBER, token => (LONG_INTEGER.test(token) ? `"${token}"` : token))
}

/**
 * Throws `InvalidInputError` for a name that is no `Consistency`. Connect ignores unknown names of
 * enums as it ignores unknown fields: a caller who misspells STRONG would get a cached count.
 */
export function refuseUnknownConsistency(json: string): void {
  if (!json.includes('"consistency"')) return
  const value = consistencyOf(json)
  if (typeof value !== 'string' || CONSISTENCY_NAMES.includes(value)) return
  throw invalidInput('consistency', value, `one of ${CONSISTENCY_NAMES.join(', ')}`)
}

function consistencyOf(json: string): unknown {
  try {
    const message: unknown = JSON.parse(json)
    return typeof message === 'object' && message !== null && 'consistency' in message ? message.consistency : undefined
  } catch {
    return undefined // the decoder says what is wrong with it
  }
}
