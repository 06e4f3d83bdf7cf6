import type { Kind, Table } from '../machines/machine.ts'
import { begin, step, type Session } from '../machines/step.ts'

export interface DriverOptions<Event extends string, Action extends string, Data> {
  /** How long a session may stay in one state before it gets the event `timeout`. */
  readonly limitMs: number
  /** The same for settled sessions: how long they are remembered. Default: `limitMs`. */
  readonly settledMs?: number
  /** At this number of open sessions the driver is full: the caller begins no more. Yielding sessions give way before. */
  readonly maxOpen: number
  /** At this number of settled sessions the oldest are forgotten before their time. */
  readonly maxSettled: number
  readonly perform: (action: Action, entry: Entry<Event, Action, Data>) => void
  /** `name` is the machine, the event and the state. */
  readonly onUnexpected: (name: string, id: string) => void
  /** A monotonic clock. */
  readonly nowMs: () => number
}

/** One session: what the driver knows of it, and the caller's data. */
export interface Entry<Event extends string, Action extends string, Data> {
  readonly id: string
  readonly table: Table<Event, Action>
  readonly session: Session
  readonly data: Data
}

interface Held<Event extends string, Action extends string, Data> extends Entry<Event, Action, Data> {
  session: Session
}

type Timeout = 'timeout'

/**
 * Sessions by correlation id. It passes events to them, performs the actions that follow, and ends each session that is over. It has no
 * timer: `tick` passes time. All deadlines of one kind are equally far away, so the sessions of each kind are kept in the order of their deadlines.
 */
export class Driver<Event extends string, Action extends string, Data> {
  readonly #options: DriverOptions<Event | Timeout, Action, Data>
  readonly #open = new Map<string, Held<Event | Timeout, Action, Data>>()
  readonly #yielding = new Map<string, Held<Event | Timeout, Action, Data>>()
  readonly #leaving = new Map<string, Held<Event | Timeout, Action, Data>>()
  readonly #settled = new Map<string, Held<Event | Timeout, Action, Data>>()
  #room: PromiseWithResolvers<void> | undefined

  constructor(options: DriverOptions<Event | Timeout, Action, Data>) {
    this.#options = options
  }

  /** Those that count against the maximum. */
  get openSessions(): number {
    return this.#open.size + this.#yielding.size
  }

  /** Those that have something to do, but do not count. */
  get leavingSessions(): number {
    return this.#leaving.size
  }

  get settledSessions(): number {
    return this.#settled.size
  }

  get isFull(): boolean {
    return this.#open.size >= this.#options.maxOpen
  }

  /** Resolves when the driver is not full. */
  async untilRoom(): Promise<void> {
    while (this.isFull) await (this.#room ??= Promise.withResolvers<void>()).promise
  }

  /** The session with this id; undefined if it is over or never was. */
  find(id: string): Entry<Event | Timeout, Action, Data> | undefined {
    return this.#held(id)
  }

  /** The data of all sessions that are open or yielding. */
  *openData(): Generator<Data> {
    for (const { data } of this.#open.values()) yield data
    for (const { data } of this.#yielding.values()) yield data
  }

  /** Begins a session, with an id that has none. */
  begin(id: string, table: Table<Event | Timeout, Action>, data: Data): Entry<Event | Timeout, Action, Data> {
    const entry = { id, table, data, session: begin(table, this.#options.nowMs(), this.#options.limitMs) }
    this.#open.set(id, entry)
    this.#makeRoom()
    return entry
  }

  /** Passes an event to a session. A session that is over ignores it. */
  fire(entry: Entry<Event | Timeout, Action, Data>, event: Event): void {
    const held = this.#held(entry.id)
    if (held === entry) this.#fire(held, event)
  }

  /** Passes `timeout` to each session whose deadline has come. */
  tick(): void {
    for (const sessions of this.#all) {
      for (const held of sessions.values()) {
        if (held.session.deadlineMs > this.#options.nowMs()) break
        this.#fire(held, 'timeout')
      }
    }
  }

  /** When the next session gets a `timeout`; undefined if there is no session. */
  get nextDeadlineMs(): number | undefined {
    const first = this.#all.flatMap(sessions => [...sessions.values().take(1)])
    return first.length === 0 ? undefined : Math.min(...first.map(({ session }) => session.deadlineMs))
  }

  get #all() {
    return [this.#open, this.#yielding, this.#leaving, this.#settled]
  }

  #held(id: string): Held<Event | Timeout, Action, Data> | undefined {
    return this.#open.get(id) ?? this.#yielding.get(id) ?? this.#leaving.get(id) ?? this.#settled.get(id)
  }

  /** The oldest sessions that only wait for their clients get their time-outs now. */
  #makeRoom(): void {
    for (const held of this.#yielding.values()) {
      if (this.openSessions <= this.#options.maxOpen) return
      this.#fire(held, 'timeout')
    }
  }

  #fire(held: Held<Event | Timeout, Action, Data>, event: Event | Timeout): void {
    const { nowMs, perform, onUnexpected } = this.#options
    const before = held.session
    const result = step<Event | Timeout, Action>(held.table, before, event, nowMs(), this.#limitMs(held, event))
    if (result.kind === 'unexpected') return onUnexpected(result.name, held.id)
    held.session = result.session
    const [from, to] = [kindOf(held, before.state), kindOf(held, held.session.state)]
    if (from !== to || held.session.deadlineMs !== before.deadlineMs || event === 'timeout') this.#move(held, to)
    for (const action of result.actions) perform(action, held)
  }

  /** Of the state that follows. */
  #limitMs(held: Held<Event | Timeout, Action, Data>, event: Event | Timeout): number {
    const { limitMs, settledMs = limitMs } = this.#options
    const next = held.table.states[held.session.state]!.on[event]?.next
    return next !== undefined && kindOf(held, next) === 'settled' ? settledMs : limitMs
  }

  /** To the end of the map of its kind. */
  #move(held: Held<Event | Timeout, Action, Data>, kind: Kind): void {
    this.#open.delete(held.id)
    this.#yielding.delete(held.id)
    this.#leaving.delete(held.id)
    this.#settled.delete(held.id)
    if (kind === 'open') this.#open.set(held.id, held)
    if (kind === 'yielding') this.#yielding.set(held.id, held)
    if (kind === 'leaving') this.#leaving.set(held.id, held)
    if (kind === 'settled') this.#settled.set(held.id, held)
    if (this.#settled.size > this.#options.maxSettled) this.#settled.delete(this.#settled.keys().next().value!)
    this.#makeRoom()
    if (this.#room !== undefined && !this.isFull) {
      this.#room.resolve()
      this.#room = undefined
    }
  }
}

function kindOf({ table }: { readonly table: Table<never, string> }, state: string): Kind {
  return table.states[state]!.kind
}
