import type { Actionable, Event, History, Outcome, Request } from './history.ts'

/** A history written by hand: each record is appended 1 ms after the one before, in whichever topic. */
export class WrittenHistory implements History {
  readonly requests: Request[] = []
  readonly events: Event[] = []
  readonly actionable: Actionable[] = []
  readonly outcomes: Outcome[] = []
  #nowMs = 0
  #offset = 0n

  request(commandId: string, more: Partial<Request> = {}): this {
    this.requests.push({ ...this.#found(commandId), place: this.#place(), priority: 0, value: `do ${commandId}`, ...more })
    return this
  }

  event(commandId: string, more: Partial<Event> = {}): this {
    this.events.push({ ...this.#found(commandId), event: 'finished', token: undefined, isImmediate: true, ...more })
    return this
  }

  grant(commandId: string, token: bigint, more: Partial<Actionable> = {}): this {
    this.actionable.push({ ...this.#found(commandId), place: this.#place(), value: `do ${commandId}`, token, leaseMs: 0, ...more })
    return this
  }

  outcome(commandId: string, token: bigint | undefined, more: Partial<Outcome> = {}): this {
    this.outcomes.push({ ...this.#found(commandId), outcome: 'finished', reason: '', token, ...more })
    return this
  }

  /** Grants, finishes and ends it. */
  run(commandId: string, token: bigint): this {
    return this.grant(commandId, token).event(commandId, { token }).outcome(commandId, token)
  }

  later(ms: number): this {
    this.#nowMs += ms
    return this
  }

  #found(commandId: string) {
    return { resource: 'crane', commandId, appendedMs: ++this.#nowMs }
  }

  #place() {
    return { partition: 0, offset: ++this.#offset }
  }
}
