/** Kafka's types of configuration values, by the names of its documentation. */
export type ConfigType = 'BOOLEAN' | 'STRING' | 'INT' | 'SHORT' | 'LONG' | 'DOUBLE' | 'LIST'

/** How a text becomes a value. */
export interface ValueType<T> {
  readonly name: ConfigType
  /** What a valid text looks like; the unit is added by `expectedOf`. */
  readonly expected: string
  /** The value of a text without space around it, or undefined if it is ill-formed. */
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

/** A whole number of 32 bits. */
export function int({ min = INT_MIN, max = INT_MAX }: Range = {}): ValueType<number> {
  return whole('INT', BigInt(min), BigInt(max))
}

/** A whole number of 16 bits. */
export const short = whole('SHORT', SHORT_MIN, SHORT_MAX)

/**
 * A whole number of 64 bits: a time or a size. It becomes a number, since nothing here lasts longer or is larger than one can
 * tell; what is described to clients is the text as it was given.
 */
export function long({ min }: Pick<Range, 'min'> = {}): ValueType<number> {
  return whole('LONG', min === undefined ? LONG_MIN : BigInt(min), LONG_MAX)
}

/** Node's timers take no more: they would fire at once. */
const TIMER_MAX_MS = INT_MAX

/** A time that is waited for; the longest that can be is some 24 days. */
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

function whole(name: ConfigType, min: bigint, max: bigint): ValueType<number> {
  return {
    name,
    expected: `a whole number from ${min} to ${max}`,
    parse: text => {
      if (!/^[+-]?\d{1,19}$/.test(text)) return undefined
      const value = BigInt(text.replace('+', ''))
      return value >= min && value <= max ? Number(value) : undefined
    },
  }
}

/** A fraction. */
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

/** Any text, or one that matches `pattern`. */
export function string({ expected = 'a text', pattern }: { expected?: string; pattern?: RegExp } = {}): ValueType<string> {
  return { name: 'STRING', expected, parse: text => (pattern && !pattern.test(text) ? undefined : text) }
}

/** One of a fixed list of words, which are written as they are here. */
export function oneOf<const Word extends string>(...words: readonly Word[]): ValueType<Word> {
  return {
    name: 'STRING',
    expected: `one of ${words.join(', ')}`,
    parse: text => words.find(word => word === text),
  }
}

/** Texts separated by commas; the empty text is the empty list. */
export function list({ expected = 'texts separated by commas', pattern = /./ }: { expected?: string; pattern?: RegExp } = {}): ValueType<
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

/** A type of which this broker takes only some values; `expected` says which, and why. */
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
