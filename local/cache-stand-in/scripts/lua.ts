import { CommandError } from '../reply.ts'

/** Lua's `unpack` fails beyond this. */
const MAX_UNPACKED = 7_999

/** The reply for a script that ends with an error of Lua itself. */
export function raised(problem: string): CommandError {
  return new CommandError(`ERR user_script: ${problem}`)
}

/** Lua's `tonumber` of a string: what C's strtod reads to the end, with blanks around it allowed. */
export function toNumber(text: string | undefined): number | undefined {
  const [word = ''] = (text ?? '').replace(/^[ \t-\r]+/, '').split('\0', 1)
  const match = /^([+-]?)(?:(\d+\.?\d*(?:e[+-]?\d+)?|\.\d+(?:e[+-]?\d+)?)|0x([\da-f]+)|(inf(?:inity)?)|(nan))[ \t-\r]*$/i.exec(word)
  if (!match) return undefined
  const [, sign, decimal, hex, infinite] = match
  const size =
    decimal === undefined ? (hex === undefined ? (infinite === undefined ? Number.NaN : Infinity) : Number(`0x${hex}`)) : Number(decimal)
  return sign === '-' ? -size : size
}

/** For arithmetic and comparisons, which fail on nil. */
export function number(value: number | undefined): number {
  if (value === undefined) throw raised('attempt to perform arithmetic on a nil value')
  return value
}

/** For concatenations and arguments, which fail on nil. */
export function text(value: string | undefined): string {
  if (value === undefined) throw raised('attempt to concatenate a nil value')
  return value
}

/** Lua's `string.format('%.0f', …)`: halves are rounded to the even neighbour. */
export function format(value: number): string {
  if (!Number.isFinite(value)) return String(value).replace('Infinity', 'inf').replace('NaN', 'nan')
  const floor = Math.floor(value)
  const rounded = value - floor === 0.5 ? floor + (floor % 2 === 0 ? 0 : 1) : Math.round(value)
  return (Object.is(rounded, -0) || (rounded === 0 && value < 0) ? '-' : '') + BigInt(rounded)
}

/** `unpack(list)` as arguments. */
export function unpack<T>(list: readonly T[]): readonly T[] {
  if (list.length > MAX_UNPACKED) throw raised('too many results to unpack')
  return list
}
