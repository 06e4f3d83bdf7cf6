import type { SpanContext } from './trace-context.ts'

/** Facts of a span. Their names are in names.ts. A bigint becomes a number: it is only shown. */
export type Attributes = Readonly<Record<string, string | number | bigint | boolean>>

export interface SpanOptions {
  readonly kind: 'server' | 'client' | 'producer' | 'consumer' | 'internal'
  /** The span that caused this one. Undefined: a new trace begins. */
  readonly parent?: SpanContext | undefined
  /** Other spans that caused this one, such as the further pings of a batch. */
  readonly links?: readonly SpanContext[] | undefined
  readonly attributes?: Attributes | undefined
  /** When the work began, in ms since the Unix epoch. Default: now. */
  readonly startMs?: number | undefined
}

/** A piece of work that is being recorded. */
export interface Span {
  /** Passed to what this work causes. */
  readonly context: SpanContext
  /** Begins a span for a part of this work. */
  begin(name: string, options: Omit<SpanOptions, 'parent'>): Span | undefined
  /** Adds a link to a span that this work caused or was caused by, and that began later. */
  link(context: SpanContext): void
  set(attributes: Attributes): void
  /** Ends the span. If there is an error, the span has its message, and counts as failed. Only the first end counts. */
  end(error?: unknown): void
}

/**
 * Records spans. Where there is no tracing, there is no `Tracing`: `const span = tracing?.begin(…)`. No call waits or throws, whether
 * or not the receiver of spans is reachable.
 */
export interface Tracing {
  /** Undefined: this span is not recorded, because it was not sampled. */
  begin(name: string, options: SpanOptions): Span | undefined
  /** Sends the spans that have ended. Resolves after a few seconds at the latest, also if they could not be sent. */
  stop(): Promise<void>
}
