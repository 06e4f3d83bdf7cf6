/** What follows when an event comes in a state. */
export interface Row<State extends string, Action extends string> {
  readonly next: State
  readonly actions: readonly Action[]
}

/**
 * `open`: the session still has something to do, and counts against the maximum. `yielding`: it only waits for its client; it counts, but
 * gets its `timeout` early when another session needs its place. `leaving`: it still has something to do, but does not count, so that it keeps
 * no other session from beginning; the caller limits how many there are. `settled`: it has an outcome, and is remembered so that what comes late
 * is recognized. `over`: it is forgotten.
 */
export type Kind = 'open' | 'yielding' | 'leaving' | 'settled' | 'over'

/** A state machine as a table: (state, event) → (next state, actions). An event without a row is unexpected in that state. */
export interface Machine<State extends string, Event extends string, Action extends string> {
  readonly name: string
  readonly initial: State
  readonly states: {
    readonly [S in State]: {
      readonly kind: Kind
      /** One sentence for the docs, as for each event and each action. */
      readonly meaning: string
      /** The session keeps the rest of the time that it had in the state before. */
      readonly keepsTime?: true
      readonly on: { readonly [E in Event]?: Row<State, Action> }
    }
  }
  readonly events: { readonly [E in Event]: string }
  readonly actions: { readonly [A in Action]: string }
}

/** What runs a session needs of a machine: the machines of one program differ in their states, and share events and actions. */
export interface Table<Event extends string, Action extends string> {
  readonly name: string
  readonly initial: string
  readonly states: {
    readonly [state: string]: {
      readonly kind: Kind
      readonly keepsTime?: true
      readonly on: { readonly [E in Event]?: Row<string, Action> }
    }
  }
}

/** The events of a machine, or of several. */
export type EventOf<M> = M extends Machine<string, infer Event, string> ? Event : never
/** The actions of a machine, or of several. */
export type ActionOf<M> = M extends Machine<string, string, infer Action> ? Action : never

/** Any machine, with its texts. */
export type AnyMachine = Machine<string, string, string>

/** Gives a table its type: the names that are in it. A row with another state, event or action does not compile. */
export function machine<const State extends string, const Event extends string, const Action extends string>(
  table: Machine<State, Event, Action>,
): Machine<State, Event, Action> {
  return table
}
