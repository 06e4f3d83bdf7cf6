/** Kafka's types of configuration values, with the names that its documentation uses. */
export type ConfigType = 'BOOLEAN' | 'STRING' | 'INT' | 'SHORT' | 'LONG' | 'DOUBLE' | 'LIST'

/** How a string becomes a value. */
export interface ValueType<T> {
  readonly name: ConfigType
  /** What a valid string looks like; `expectedOf` adds the unit. */
  readonly expected: string
  /** The value of a string that has no space around it, or undefined if the string is malformed. */
  readonly parse: (text: string) => T | undefined
}

interface Range {
  readonly min?: number
  readonly max?: number
}

const INT_MAX = 2 ** 31 - 1
const INT_MIN = -(2 ** 31)
const SHORT_MAX = 2n ** 15n - 1n
const SHORT_MIN = -(2n ** 15n)
const LONG_MAX = 2n ** 63n - 1n
const LONG_MIN = -(2n ** 63n)

/** A 32-bit integer. */
export function int({ min = INT_MIN, max = INT_MAX }: Range = {}): ValueType<number> {
  return integer('INT', BigInt(min), BigInt(max))
}

/** A 16-bit integer. */
export const short = integer('SHORT', SHORT_MIN, SHORT_MAX)

/**
 * A 64-bit integer: a time or a size. The value is a number: no time or size here needs more precision than that. Clients that ask
 * for the configuration get the original text.
 */
export function long({ min }: Pick<Range, 'min'> = {}): ValueType<number> {
  return integer('LONG', min === undefined ? LONG_MIN : BigInt(min), LONG_MAX)
}

/** The maximum delay of Node's timers: with a longer one they fire at once. */
const TIMER_MAX_MS = INT_MAX

/** The delay of a timer. A longer one than the maximum, about 24 days, becomes the maximum. */
export function timer({ min }: { min: number }): ValueType<number> {
  const { name, expected, parse } = long({ min })
  return {
    name,
    expected,
    parse: text => {
      const value = parse(text)
      return value === undefined ? undefined : Math.min(value, TIMER_MAX_MS)
    },
  }
}

function integer(name: ConfigType, min: bigint, max: bigint): ValueType<number> {
  return {
    name,
    expected: `an integer from ${min} to ${max}`,
    parse: text => {
      if (!/^[+-]?\d{1,19}$/.test(text)) return undefined
      const value = BigInt(text.replace('+', ''))
      return value >= min && value <= max ? Number(value) : undefined
    },
  }
}

/** A decimal number. */
export const double: ValueType<number> = {
  name: 'DOUBLE',
  expected: 'a number',
  parse: text => (/^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text) ? Number(text) : undefined),
}

export const boolean: ValueType<boolean> = {
  name: 'BOOLEAN',
  expected: 'true or false',
  parse: text => (/^true$/i.test(text) ? true : /^false$/i.test(text) ? false : undefined),
}

/** Any string, or one that matches `pattern`. */
export function string({ expected = 'a string', pattern }: { expected?: string; pattern?: RegExp } = {}): ValueType<string> {
  return { name: 'STRING', expected, parse: text => (pattern && !pattern.test(text) ? undefined : text) }
}

/** One of a fixed list of words, in the same case. */
export function oneOf<const Word extends string>(...words: readonly Word[]): ValueType<Word> {
  return {
    name: 'STRING',
    expected: `one of ${words.join(', ')}`,
    parse: text => words.find(word => word === text),
  }
}

/** Strings separated by commas; the empty string is the empty list. */
export function list({ expected = 'strings separated by commas', pattern = /./ }: { expected?: string; pattern?: RegExp } = {}): ValueType<
  readonly string[]
> {
  return {
    name: 'LIST',
    expected,
    parse: text => {
      const items = text === '' ? [] : text.split(',').map(item => item.trim())
      return items.every(item => pattern.test(item)) ? items : undefined
    },
  }
}

/** A type of which this broker accepts only some values; `expected` says which, and why. */
export function only<T>(type: ValueType<T>, allows: (value: T) => boolean, expected: string): ValueType<T> {
  return {
    name: type.name,
    expected,
    parse: text => {
      const value = type.parse(text)
      return value !== undefined && allows(value) ? value : undefined
    },
  }
}
