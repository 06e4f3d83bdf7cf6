import type { Count } from '../count-reader/count.ts'

/** A part that a ping passes through. */
export type PartName = 'postgres' | 'cache' | 'kafka' | 'processor'

export interface Part {
  readonly name: PartName
  /** `late`: it works, but lags or has just failed. `down`: it does not work. */
  readonly state: 'up' | 'late' | 'down'
  /** One plain sentence. */
  readonly text: string
}

/** How far one lane is. */
export interface Lane {
  readonly lane: number
  /** Seq of the last ping. */
  readonly head: bigint
  /** Seq up to which the lane is in the topic. */
  readonly published: bigint
  /** Seq up to which the lane is in the cache. Undefined: the cache is unreachable or incomplete. */
  readonly applied: bigint | undefined
  /** Every ping of the lane that was acknowledged more than this many ms ago is in the cache. Undefined as `applied`, or the
   * cache's clock was set back. */
  readonly ageMs: number | undefined
}

/** Pings of some minutes, one after the other. */
export interface NewestMinutes {
  /** The start of the first, in ms since the Unix epoch. */
  readonly firstMs: number
  readonly counts: readonly bigint[]
}

/** What the live page shows: all of it was known at `atMs`. */
export interface PageState {
  /** The server's clock, in ms since the Unix epoch. */
  readonly atMs: number
  /** Undefined: neither the cache nor Postgres can prove a count. */
  readonly total: Count | undefined
  /** Pings per second over the last 5 s. Undefined: not known yet, or Postgres is unreachable. */
  readonly perSecond: number | undefined
  /** By the server's clock, in ms: every ping that was acknowledged before is in `total`. */
  readonly provenAtMs: number | undefined
  readonly parts: readonly Part[]
  /** By lane number. Undefined: Postgres is unreachable. */
  readonly lanes: readonly Lane[] | undefined
  /** The newest minutes, the last of them current when a ping was last counted. Undefined: a fresh cache did not have them. */
  readonly minutes: NewestMinutes | undefined
  /** The last known sum of the heads. Empty: none is known. The id of the event. */
  readonly version: string
}

/** One line of JSON. A bigint becomes a string with all its digits, and what is undefined has no name in it. */
export function stateJson(state: PageState): string {
  return JSON.stringify(state, (_, value: unknown) => (typeof value === 'bigint' ? String(value) : value))
}

/** True if two states differ only in times. */
export function sameState(a: PageState, b: PageState): boolean {
  if (a.total?.count !== b.total?.count || a.total?.source !== b.total?.source) return false
  if (a.perSecond !== b.perSecond || a.version !== b.version) return false
  return areSame(a.parts, b.parts, samePart) && areSame(a.lanes, b.lanes, sameLane)
}

function samePart(a: Part, b: Part): boolean {
  return a.state === b.state && a.text === b.text
}

function sameLane(a: Lane, b: Lane): boolean {
  return a.head === b.head && a.published === b.published && a.applied === b.applied
}

function areSame<T>(a: readonly T[] | undefined, b: readonly T[] | undefined, isSame: (a: T, b: T) => boolean): boolean {
  if (a === undefined || b === undefined) return a === b
  return a.length === b.length && a.every((one, index) => isSame(one, b[index]!))
}
