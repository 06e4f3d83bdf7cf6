import type { Keyspace } from './keyspace.ts'
import type { Reply } from './reply.ts'
import type { Session } from './session.ts'
import type { Store } from './store.ts'

/** What a command works on. */
export interface Context {
  readonly store: Store
  readonly session: Session
  /** Runs a further command of the same session at once, as EXEC does. */
  readonly call: (args: readonly string[]) => Reply
}

export interface Command {
  /** As Redis counts, with the name; negative: at least this many. */
  readonly arity: number
  /** Makes the data larger: refused when the memory is full. */
  readonly grows?: boolean
  /** Runs at once even while a transaction is queued. */
  readonly inMulti?: boolean
  /** Gets the arguments without the name. Throws CommandError. */
  readonly run: (context: Context, args: readonly string[]) => Reply
}

export type Commands = Readonly<Record<string, Command>>
type RunOnKeys = (keys: Keyspace, args: readonly string[]) => Reply

/** A command that uses only the session's database. */
export function on(arity: number, run: RunOnKeys): Command {
  return { arity, run: ({ session }, args) => run(session.keys(), args) }
}

/** The same, and it makes the data larger. */
export function growing(arity: number, run: RunOnKeys): Command {
  return { ...on(arity, run), grows: true }
}

export function wrongArity(name: string): string {
  return `ERR wrong number of arguments for '${name}' command`
}
