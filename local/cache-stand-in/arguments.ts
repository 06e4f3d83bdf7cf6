import { matchesGlob } from './glob.ts'
import { CommandError } from './reply.ts'

export const [INT64_MIN, INT64_MAX] = [-(2n ** 63n), 2n ** 63n - 1n]
export const SYNTAX_ERROR = 'ERR syntax error'
const NO_INTEGER = 'ERR value is not an integer or out of range'

/** True for a 64-bit integer in the only form that Redis accepts: no plus, no leading zero, no blank. */
export function isInt64(text: string): boolean {
  if (!/^(0|-?[1-9]\d{0,18})$/.test(text)) return false
  const value = BigInt(text)
  return value >= INT64_MIN && value <= INT64_MAX
}

/** Throws CommandError with `message`. */
export function int64(text: string, message = NO_INTEGER): bigint {
  if (!isInt64(text)) throw new CommandError(message)
  return BigInt(text)
}

/** Adds. Throws CommandError if the sum does not fit into 64 bits. */
export function add64(one: bigint, other: bigint): bigint {
  const sum = one + other
  if (sum < INT64_MIN || sum > INT64_MAX) throw new CommandError('ERR increment or decrement would overflow')
  return sum
}

/** As C prints an argument in an error: up to its first zero byte, and at most `maxLength` characters. */
export function shown(text: string, maxLength = 128): string {
  return text.slice(0, maxLength).split('\0', 1)[0]!
}

/** Pairs of arguments: [a, 1, b, 2] → [[a, 1], [b, 2]]. */
export function pairsOf(args: readonly string[]): [string, string][] {
  const pairs: [string, string][] = []
  for (let i = 0; i + 1 < args.length; i += 2) pairs.push([args[i]!, args[i + 1]!])
  return pairs
}

export interface ScanOptions {
  readonly pattern: string
  /** Only keys of this type. */
  readonly type: string | undefined
}

/** `MATCH pattern`, `COUNT n` and, for keys, `TYPE name`. The count is only a hint, and all results come at once. */
export function scanOptions(args: readonly string[], takesType: boolean): ScanOptions {
  const found = { pattern: '*', type: undefined as string | undefined }
  for (let i = 0; i < args.length; i += 2) {
    const [option = '', value] = [args[i]?.toUpperCase(), args[i + 1]]
    if (value === undefined) throw new CommandError(SYNTAX_ERROR)
    if (option === 'MATCH') found.pattern = value
    else if (option === 'TYPE' && takesType) found.type = value.toLowerCase()
    else if (option !== 'COUNT' || int64(value) < 1n) throw new CommandError(SYNTAX_ERROR)
  }
  return found
}

/** As KEYS and the scans match: `*` is everything, the empty name too. */
export function selects(pattern: string, text: string, spend: (steps: number) => void): boolean {
  return pattern === '*' || matchesGlob(pattern, text, spend)
}

/** A cursor is what C's strtoul reads; all results come at once, so the returned cursor is always 0. */
export function checkCursor(text: string): void {
  if (!/^([+-]?\d{1,20})?$/.test(text) || BigInt(text.replace(/^[+-]/, '') || '0') >= 2n ** 64n)
    throw new CommandError('ERR invalid cursor')
}
