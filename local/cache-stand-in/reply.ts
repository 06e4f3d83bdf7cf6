/**
 * What a command answers. Texts are "binary strings": one character a byte (latin1), so that any bytes survive.
 * A plain string is a bulk string, null is nil, a number or bigint is an integer.
 */
export type Reply = null | number | bigint | string | Status | Failure | Pairs | readonly Reply[]

/** A simple string: `+OK`. */
export interface Status {
  readonly status: string
}

/** An error: its text starts with a code in capitals (`ERR`, `WRONGTYPE` …). */
export interface Failure {
  readonly error: string
}

/** Names and values, in turn: a map in RESP3, a flat array in RESP2. */
export interface Pairs {
  readonly pairs: readonly Reply[]
}

export const OK: Status = { status: 'OK' }

/** Thrown by a command; `message` is the whole error as the client gets it. */
export class CommandError extends Error {
  override readonly name = 'CommandError'
}

export function isFailure(reply: Reply): reply is Failure {
  return typeof reply === 'object' && reply !== null && 'error' in reply
}

export function isStatus(reply: Reply): reply is Status {
  return typeof reply === 'object' && reply !== null && 'status' in reply
}

export function isPairs(reply: Reply): reply is Pairs {
  return typeof reply === 'object' && reply !== null && 'pairs' in reply
}
