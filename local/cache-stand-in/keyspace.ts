import { FIELD_OVERHEAD_BYTES, KEY_OVERHEAD_BYTES } from './limits.ts'
import { CommandError } from './reply.ts'
import type { Usage } from './usage.ts'

/** How many numbered databases there are, as in Redis. */
export const DATABASES = 16

export type Hash = Map<string, string>

interface Entry {
  value: string | Hash
  /** Its size, with its key. */
  bytes: number
  /** ms since the epoch, or undefined: it never expires. */
  expiresAtMs: bigint | undefined
}

/** Notified when a key changes (WATCH). */
export interface Watcher {
  dirty: boolean
}

const WRONG_TYPE = 'WRONGTYPE Operation against a key holding the wrong kind of value'

/** One numbered database: keys with strings or hashes. A hash without fields does not exist, as in Redis. */
export class Keyspace {
  readonly #entries = new Map<string, Entry>()
  /** The keys that have a time to live. */
  readonly #mortal = new Set<string>()
  readonly #watchers = new Map<string, Set<Watcher>>()
  readonly #usage: Usage

  constructor(usage: Usage) {
    this.#usage = usage
  }

  get size(): number {
    return this.#entries.size
  }

  get mortals(): number {
    return this.#mortal.size
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

  /** The hash, for a command that reads all of it. */
  wholeHash(key: string): ReadonlyMap<string, string> {
    const hash = this.hash(key) ?? new Map<string, string>()
    this.spend(STEPS_OF_A_FIELD * hash.size)
    return hash
  }

  type(key: string): 'string' | 'hash' | 'none' {
    const value = this.#live(key)?.value
    return value === undefined ? 'none' : typeof value === 'string' ? 'string' : 'hash'
  }

  has(key: string): boolean {
    return this.#live(key) !== undefined
  }

  /** Undefined if the key does not exist. */
  bytesOf(key: string): number | undefined {
    return this.#live(key)?.bytes
  }

  /** Sets a string, and removes its time to live unless it is to be kept. */
  setString(key: string, value: string, keepExpiry = false): void {
    const expiresAtMs = keepExpiry ? this.#live(key)?.expiresAtMs : undefined
    this.#remove(key)
    this.#put(key, { value, bytes: KEY_OVERHEAD_BYTES + key.length + value.length, expiresAtMs })
    this.#changed(key)
  }

  /** Sets fields of a hash, and creates it if it does not exist. Returns how many fields are new. */
  setFields(key: string, fields: Iterable<readonly [string, string]>): number {
    this.hash(key) // refuses a string
    const entry =
      this.#live(key) ??
      this.#put(key, { value: new Map<string, string>(), bytes: KEY_OVERHEAD_BYTES + key.length, expiresAtMs: undefined })
    const hash = entry.value as Hash
    const before = hash.size
    for (const [field, value] of fields) {
      const old = hash.get(field)
      this.#grow(entry, value.length - (old?.length ?? -(FIELD_OVERHEAD_BYTES + field.length)))
      hash.set(field, value)
    }
    this.#changed(key)
    return hash.size - before
  }

  /** Returns how many of the fields existed. */
  deleteFields(key: string, fields: readonly string[]): number {
    const hash = this.hash(key) as Hash | undefined
    if (!hash) return 0
    const entry = this.#entries.get(key)!
    let deleted = 0
    for (const field of fields) {
      const value = hash.get(field)
      if (value === undefined) continue
      hash.delete(field)
      this.#grow(entry, -(FIELD_OVERHEAD_BYTES + field.length + value.length))
      deleted++
    }
    if (hash.size === 0) this.#remove(key)
    if (deleted > 0) this.#changed(key)
    return deleted
  }

  delete(key: string): boolean {
    if (!this.#live(key)) return false
    this.#remove(key)
    this.#changed(key)
    return true
  }

  clear(): void {
    for (const key of this.#watchers.keys()) if (this.has(key)) this.#changed(key)
    for (const entry of this.#entries.values()) this.#usage.bytes -= entry.bytes
    this.#entries.clear()
    this.#mortal.clear()
  }

  /** The keys that have not expired, in the order of their creation. */
  *keys(): Generator<string> {
    for (const key of this.#entries.keys()) {
      this.spend(STEPS_OF_A_FIELD)
      if (this.has(key)) yield key
    }
  }

  expiresAtMs(key: string): bigint | undefined {
    return this.#live(key)?.expiresAtMs
  }

  setExpiry(key: string, expiresAtMs: bigint | undefined): void {
    const entry = this.#live(key)
    if (!entry) return
    entry.expiresAtMs = expiresAtMs
    if (expiresAtMs === undefined) this.#mortal.delete(key)
    else this.#mortal.add(key)
    this.#changed(key)
  }

  /** Removes expired keys that no command has read since. */
  sweep(): void {
    for (const key of this.#mortal) this.#live(key)
  }

  watch(key: string, watcher: Watcher): void {
    const watchers = this.#watchers.get(key) ?? new Set()
    this.#watchers.set(key, watchers.add(watcher))
    this.#live(key) // an expired key counts as changed now, not later
  }

  unwatch(key: string, watcher: Watcher): void {
    const watchers = this.#watchers.get(key)
    watchers?.delete(watcher)
    if (watchers?.size === 0) this.#watchers.delete(key)
  }

  /** Counts towards what the command may read. Throws CommandError. */
  spend(steps: number): void {
    this.#usage.spend(steps)
  }

  #changed(key: string): void {
    for (const watcher of this.#watchers.get(key) ?? []) watcher.dirty = true
  }

  #put(key: string, entry: Entry): Entry {
    this.#entries.set(key, entry)
    this.#usage.bytes += entry.bytes
    if (entry.expiresAtMs !== undefined) this.#mortal.add(key)
    return entry
  }

  #grow(entry: Entry, bytes: number): void {
    entry.bytes += bytes
    this.#usage.bytes += bytes
  }

  #remove(key: string): void {
    this.#usage.bytes -= this.#entries.get(key)?.bytes ?? 0
    this.#entries.delete(key)
    this.#mortal.delete(key)
  }

  #live(key: string): Entry | undefined {
    const entry = this.#entries.get(key)
    if (entry?.expiresAtMs === undefined || entry.expiresAtMs > BigInt(Date.now())) return entry
    this.#remove(key)
    this.#changed(key)
    return undefined
  }
}

/** To return a key or a field costs more than to read a byte of a pattern. */
const STEPS_OF_A_FIELD = 4
