import type { SpanContext } from '../../src/tracing/trace-context.ts'
import type { Attributes, Span, SpanOptions, Tracing } from '../../src/tracing/tracing.ts'

/** A span that a test can read, also while it is open. */
export interface RecordedSpan extends SpanOptions {
  readonly name: string
  readonly context: SpanContext
  readonly attributes: Attributes
  readonly isEnded: boolean
  readonly error?: unknown
}

/** Tracing without OpenTelemetry: it keeps the spans, in the order of their begins. Spans of a parent that is not sampled are not recorded. */
export class RecordedTracing implements Tracing {
  readonly spans: RecordedSpan[] = []
  /** What a new trace is: sampled or not. */
  isSampling = true
  #ids = 0

  begin(name: string, options: SpanOptions): Span | undefined {
    if (!(options.parent?.isSampled ?? this.isSampling)) return undefined
    const traceId = options.parent?.traceId ?? this.#nextId(32)
    const context = { traceId, spanId: this.#nextId(16), isSampled: true }
    const span = { ...options, name, context, attributes: { ...options.attributes }, isEnded: false, error: undefined as unknown }
    this.spans.push(span)
    return {
      context,
      set: attributes => void Object.assign(span.attributes, attributes),
      end(error) {
        if (!span.isEnded) Object.assign(span, { isEnded: true, error })
      },
    }
  }

  /** The spans of this name. */
  of(name: string): readonly RecordedSpan[] {
    return this.spans.filter(span => span.name === name)
  }

  async stop(): Promise<void> {}

  #nextId(digits: number): string {
    return (++this.#ids).toString(16).padStart(digits, '0')
  }
}
