import { CommandError } from './reply.ts'

/** How many numbered databases there are, as in Redis. */
export const DATABASES = 16

export type Hash = Map<string, string>
export type Value = string | Hash

interface Entry {
  value: Value
  /** ms since the epoch, or undefined: for ever. */
  expiresAtMs: number | undefined
}

const WRONG_TYPE = 'WRONGTYPE Operation against a key holding the wrong kind of value'

/** One numbered database: keys with strings or hashes. A hash without fields does not exist, as in Redis. */
export class Keyspace {
  readonly #entries = new Map<string, Entry>()
  /** Called with each key that changes (WATCH). */
  readonly #changed: (key: string) => void

  constructor(changed: (key: string) => void) {
    this.#changed = changed
  }

  string(key: string): string | undefined {
    const value = this.#live(key)?.value
    if (value instanceof Map) throw new CommandError(WRONG_TYPE)
    return value
  }

  hash(key: string): ReadonlyMap<string, string> | undefined {
    const value = this.#live(key)?.value
    if (typeof value === 'string') throw new CommandError(WRONG_TYPE)
    return value
  }

  type(key: string): 'string' | 'hash' | 'none' {
    const value = this.#live(key)?.value
    return value === undefined ? 'none' : typeof value === 'string' ? 'string' : 'hash'
  }

  has(key: string): boolean {
    return this.#live(key) !== undefined
  }

  /** Sets a string. Any time to live goes, unless it is to be kept. */
  setString(key: string, value: string, keepExpiry = false): void {
    const expiresAtMs = keepExpiry ? this.#live(key)?.expiresAtMs : undefined
    this.#entries.set(key, { value, expiresAtMs })
    this.#changed(key)
  }

  /** Sets fields of a hash, which is made when absent. Returns how many are new. */
  setFields(key: string, fields: Iterable<readonly [string, string]>): number {
    this.hash(key) // refuses a string
    const entry = this.#live(key) ?? { value: new Map<string, string>(), expiresAtMs: undefined }
    this.#entries.set(key, entry)
    const hash = entry.value as Hash
    const before = hash.size
    for (const [field, value] of fields) hash.set(field, value)
    this.#changed(key)
    return hash.size - before
  }

  /** Returns how many of the fields were there. */
  deleteFields(key: string, fields: readonly string[]): number {
    const hash = this.hash(key) as Hash | undefined
    if (!hash) return 0
    const deleted = fields.filter(field => hash.delete(field)).length
    if (hash.size === 0) this.#entries.delete(key)
    if (deleted > 0) this.#changed(key)
    return deleted
  }

  delete(key: string): boolean {
    const was = this.#live(key) !== undefined
    if (was) this.#changed(key)
    return this.#entries.delete(key) && was
  }

  clear(): void {
    for (const key of this.#entries.keys()) this.#changed(key)
    this.#entries.clear()
  }

  /** The keys that live, in the order in which they came. */
  keys(): string[] {
    return [...this.#entries.keys()].filter(key => this.has(key))
  }

  expiresAtMs(key: string): number | undefined {
    return this.#live(key)?.expiresAtMs
  }

  setExpiry(key: string, expiresAtMs: number | undefined): void {
    const entry = this.#live(key)
    if (entry) entry.expiresAtMs = expiresAtMs
    this.#changed(key)
  }

  #live(key: string): Entry | undefined {
    const entry = this.#entries.get(key)
    if (entry?.expiresAtMs === undefined || entry.expiresAtMs > Date.now()) return entry
    this.#entries.delete(key)
    this.#changed(key)
    return undefined
  }
}
