import type { ConfigType, ValueType } from './value-types.ts'

/** What becomes of a key: it does what Kafka's does, or it is taken and changes nothing. */
export type Role = 'honoured' | 'accepted'

/** One key of a configuration. */
export interface Key<T = unknown> {
  readonly name: string
  readonly role: Role
  readonly type: ValueType<T>
  /** The text of the default; undefined: there is none. */
  readonly fallback: string | undefined
  /** What the key does here, or why it does nothing; one sentence. */
  readonly help: string
}

/** Keys that Kafka knows and this broker refuses, since taking them would promise what it does not do. */
export interface Refusal {
  /** Names, or beginnings of names that end in `*`. */
  readonly names: readonly string[]
  /** Why; goes behind "not offered: ". */
  readonly why: string
}

interface Described<T> {
  readonly type: ValueType<T>
  readonly help: string
}

/** A key that is honoured. Without a fallback its value may be undefined. */
export function honoured<T>(name: string, options: Described<T> & { fallback: string }): Key<T>
export function honoured<T>(name: string, options: Described<T>): Key<T | undefined>
export function honoured<T>(name: string, { type, help, fallback }: Described<T> & { fallback?: string }): Key<T | undefined> {
  return { name, role: 'honoured', type, fallback, help }
}

/** Several keys that are accepted for one reason: names with their type and Kafka's default. */
export function accepted(
  help: string,
  keys: Readonly<Record<string, readonly [type: ValueType<unknown>, fallback?: string]>>,
): readonly Key[] {
  return Object.entries(keys).map(([name, [type, fallback]]) => ({ name, role: 'accepted', type, fallback, help }))
}

const UNITS: readonly (readonly [suffix: RegExp, unit: string])[] = [
  [/\.(ms|millis)$/, 'milliseconds'],
  [/\.(seconds|secs)$/, 'seconds'],
  [/\.minutes$/, 'minutes'],
  [/\.hours$/, 'hours'],
  [/bytes$/, 'bytes'],
]
const NUMBERS: readonly ConfigType[] = ['INT', 'SHORT', 'LONG']

/** What a key expects, with the unit that its name tells. */
export function expectedOf({ name, type }: Pick<Key, 'name' | 'type'>): string {
  const unit = NUMBERS.includes(type.name) ? UNITS.find(([suffix]) => suffix.test(name))?.[1] : undefined
  return unit === undefined ? type.expected : type.expected.replace('a whole number', `a whole number of ${unit}`)
}

/** The value of a key's default. */
export function fallbackOf<T>(key: Key<T>): T {
  if (key.fallback === undefined) return undefined as T
  const value = key.type.parse(key.fallback)
  if (value === undefined) throw new Error(`${key.name}: the default ${JSON.stringify(key.fallback)} is not ${key.type.expected}`)
  return value
}
