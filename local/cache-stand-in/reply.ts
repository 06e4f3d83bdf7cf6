/**
 * What a command answers. Strings are "binary strings": one character per byte (latin1), so that all bytes survive.
 * A plain string is a bulk string, null is nil, a number or bigint is an integer.
 */
export type Reply = null | number | bigint | string | Status | Failure | Pairs | Report | NoArray | readonly Reply[]

/** A simple string: `+OK`. */
export interface Status {
  readonly status: string
}

/** An error, which starts with a code in capitals (`ERR`, `WRONGTYPE` …). */
export interface Failure {
  readonly error: string
}

/** Names and values, alternating: a map in RESP3, a flat array in RESP2. */
export interface Pairs {
  readonly pairs: readonly Reply[]
}

/** Text for people: marked as such in RESP3. */
export interface Report {
  readonly report: string
}

/** Nil where an array was expected: RESP2 writes the two differently. */
export interface NoArray {
  readonly noArray: true
}

export const OK: Status = { status: 'OK' }
export const NO_ARRAY: NoArray = { noArray: true }

/** Thrown by a command; `message` is the whole error as the client gets it. */
export class CommandError extends Error {
  override readonly name = 'CommandError'
}
