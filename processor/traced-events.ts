import type { SpanContext } from '../src/tracing/trace-context.ts'

/** The trace that a record is part of. */
export interface RecordTrace {
  /** The span of the call that brought the ping. */
  readonly context: SpanContext
  /** When the processor received the record, in ms since the Unix epoch. */
  readonly receivedMs: number
}

/** An event that is part of a recorded trace. */
export interface TracedEvent extends RecordTrace {
  readonly seq: bigint
  readonly offset: number
}

/**
 * The events of a lane that are part of recorded traces, until they are counted. Only an accepted event is in it, once, and it leaves
 * with the position that the lane moves to, so a record that comes twice cannot appear twice. Pure.
 */
export class TracedEvents {
  #accepted: TracedEvent[] = []
  /** The traces of events that a catch-up counts: they were not accepted, or dropped. */
  #untilCaughtUp: SpanContext[] = []

  /** The lane has accepted it. */
  accept(event: TracedEvent): void {
    this.#accepted.push(event)
  }

  /** The lane could not accept it. */
  refuse({ context }: RecordTrace): void {
    this.#untilCaughtUp.push(context)
  }

  /** Those up to this seq, in their order. */
  upTo(seq: bigint): readonly TracedEvent[] {
    return this.#accepted.filter(event => event.seq <= seq)
  }

  /** The traces that wait for a catch-up. */
  get untilCaughtUp(): readonly SpanContext[] {
    return this.#untilCaughtUp
  }

  /** The cache has everything up to this seq. */
  counted(seq: bigint): void {
    if (this.#accepted.length > 0) this.#accepted = this.#accepted.filter(event => event.seq > seq)
  }

  /** The lane has dropped what it had accepted. */
  drop(): void {
    if (this.#accepted.length === 0) return
    for (const { context } of this.#accepted) this.#untilCaughtUp.push(context)
    this.#accepted = []
  }

  /** A catch-up has counted what waited for it. */
  caughtUp(): void {
    this.#untilCaughtUp = []
  }
}
