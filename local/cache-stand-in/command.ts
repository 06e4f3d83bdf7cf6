import type { Reply } from './reply.ts'
import type { Session } from './session.ts'
import type { Store } from './store.ts'

/** What a command works on. */
export interface Context {
  readonly store: Store
  readonly session: Session
  /** Runs a further command of the same session at once, as EXEC does. */
  readonly call: (args: readonly string[]) => Reply
  /** The same for a script, which may not call everything. */
  readonly callInScript: (args: readonly string[]) => Reply
}

export interface Command {
  /** As Redis counts: with the name; negative: at least so many. */
  readonly arity: number
  /** Not to be called from a script. */
  readonly noScript?: boolean
  /** Runs at once even while a transaction is queued. */
  readonly inMulti?: boolean
  /** Gets the arguments without the name. Throws CommandError. */
  readonly run: (context: Context, args: readonly string[]) => Reply
}

export type Commands = Readonly<Record<string, Command>>

/** A command that only sees the session's database. */
export function on(
  arity: number,
  run: (keys: ReturnType<Session['keys']>, args: readonly string[]) => Reply,
): Command {
  return { arity, run: ({ session }, args) => run(session.keys(), args) }
}
