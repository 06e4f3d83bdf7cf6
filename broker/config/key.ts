import type { ConfigType, ValueType } from './value-types.ts'

/** What a key does: the same as in Kafka, or nothing. */
export type Role = 'supported' | 'accepted'

/** One key of a configuration. */
export interface Key<T = unknown> {
  readonly name: string
  readonly role: Role
  readonly type: ValueType<T>
  /** The default as a string; undefined: no default. */
  readonly fallback: string | undefined
  /** What the key does here, or why it does nothing; one sentence. */
  readonly help: string
}

/** Keys of Kafka that this broker refuses: to accept them would promise what it does not do. */
export interface Refusal {
  /** Names; a name that ends in `*` is a prefix. */
  readonly names: readonly string[]
  /** Why; follows "not supported: ". */
  readonly why: string
}

interface Described<T> {
  readonly type: ValueType<T>
  readonly help: string
}

/** A supported key. Without a fallback its value may be undefined. */
export function supported<T>(name: string, options: Described<T> & { fallback: string }): Key<T>
export function supported<T>(name: string, options: Described<T>): Key<T | undefined>
export function supported<T>(name: string, { type, help, fallback }: Described<T> & { fallback?: string }): Key<T | undefined> {
  return { name, role: 'supported', type, fallback, help }
}

/** Keys that are accepted for the same reason: each name with its type and Kafka's default. */
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

/** What a key expects, with the unit that its name ends in. */
export function expectedOf({ name, type }: Pick<Key, 'name' | 'type'>): string {
  const unit = NUMBERS.includes(type.name) ? UNITS.find(([suffix]) => suffix.test(name))?.[1] : undefined
  return unit === undefined ? type.expected : type.expected.replace('an integer', `an integer (${unit})`)
}

/** The value of a key's default. */
export function fallbackOf<T>(key: Key<T>): T {
  if (key.fallback === undefined) return undefined as T
  const value = key.type.parse(key.fallback)
  if (value === undefined) throw new Error(`${key.name}: the default ${JSON.stringify(key.fallback)} is not ${key.type.expected}`)
  return value
}
