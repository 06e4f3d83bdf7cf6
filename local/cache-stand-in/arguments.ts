import { CommandError } from './reply.ts'

const [INT64_MIN, INT64_MAX] = [-(2n ** 63n), 2n ** 63n - 1n]
export const SYNTAX_ERROR = 'ERR syntax error'

/** A 64-bit integer in the only form that Redis takes (no plus, no leading zero, no blank). Throws `message`. */
export function int64(text: string, message = 'ERR value is not an integer or out of range'): bigint {
  const value = /^(0|-?[1-9]\d{0,18})$/.test(text) ? BigInt(text) : undefined
  if (value === undefined || value < INT64_MIN || value > INT64_MAX) throw new CommandError(message)
  return value
}

/** Adds, and refuses what does not fit 64 bits. */
export function add64(one: bigint, other: bigint): bigint {
  const sum = one + other
  if (sum < INT64_MIN || sum > INT64_MAX) throw new CommandError('ERR increment or decrement would overflow')
  return sum
}

/** Redis' glob: `*`, `?`, `[a-c]`, `[^x]`, `\` quotes. */
export function glob(pattern: string, options: { ignoreCase?: boolean } = {}): (text: string) => boolean {
  let source = ''
  for (let i = 0; i < pattern.length; i++) {
    const char = pattern.charAt(i)
    const closing = char === '[' ? pattern.indexOf(']', i + 2) : -1
    if (char === '*') source += '[^]*'
    else if (char === '?') source += '[^]'
    else if (closing > 0) {
      const set = pattern.slice(i + 1, closing)
      source += `[${set.startsWith('^') ? '^' : ''}${set.replace(/^\^/, '').replace(/[\\\]^]/g, '\\$&')}]`
      i = closing
    } else source += (char === '\\' && i + 1 < pattern.length ? pattern.charAt(++i) : char).replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&')
  }
  const expression = new RegExp(`^${source}$`, options.ignoreCase ? 'i' : '')
  return text => expression.test(text)
}

/** Pairs of arguments: [a, 1, b, 2] → [[a, 1], [b, 2]]. */
export function pairsOf(args: readonly string[]): [string, string][] {
  const pairs: [string, string][] = []
  for (let i = 0; i + 1 < args.length; i += 2) pairs.push([args[i] as string, args[i + 1] as string])
  return pairs
}

/** `MATCH pattern` and `COUNT n` of a SCAN. The count is only a hint. */
export function scanFilter(options: readonly string[]): (text: string) => boolean {
  let matches: (text: string) => boolean = () => true
  if (options.length % 2 !== 0) throw new CommandError(SYNTAX_ERROR)
  for (const [name, value] of pairsOf(options)) {
    const option = name.toUpperCase()
    if (option === 'MATCH') matches = glob(value)
    else if (option === 'COUNT' && int64(value) > 0n) continue
    else throw new CommandError(SYNTAX_ERROR)
  }
  return matches
}

/** A cursor has to be a number; all answers come at once, so the one given back is always 0. */
export function checkCursor(text: string): void {
  if (!/^\d{1,20}$/.test(text)) throw new CommandError('ERR invalid cursor')
}
