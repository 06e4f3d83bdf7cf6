import type { SpanContext } from '../../src/tracing/trace-context.ts'
import type { Attributes, Span, SpanOptions, Tracing } from '../../src/tracing/tracing.ts'

/** A span as the code under test began and ended it. */
export interface RecordedSpan extends SpanOptions {
  readonly name: string
  readonly context: SpanContext
  attributes: Attributes
  isEnded: boolean
  error: unknown
}

/** The context of a caller's span. */
export function callerContext(number: number): SpanContext {
  return { traceId: number.toString(16).padStart(32, 'a'), spanId: number.toString(16).padStart(16, 'b'), isSampled: true }
}

/** Records every span, and sends none. */
export class RecordingTracing implements Tracing {
  readonly spans: RecordedSpan[] = []

  begin(name: string, options: SpanOptions): Span {
    const number = this.spans.length + 1
    const spanId = number.toString(16).padStart(16, '0')
    const traceId = options.parent?.traceId ?? number.toString(16).padStart(32, '0')
    const context = { traceId, spanId, isSampled: true }
    const links = [...(options.links ?? [])]
    const span: RecordedSpan = { ...options, name, context, links, attributes: { ...options.attributes }, isEnded: false, error: undefined }
    this.spans.push(span)
    return {
      context,
      begin: (child, more) => this.begin(child, { ...more, parent: context }),
      link: other => void links.push(other),
      set: attributes => void (span.attributes = { ...span.attributes, ...attributes }),
      end: error => {
        if (span.isEnded) return
        span.isEnded = true
        span.error = error
      },
    }
  }

  async stop(): Promise<void> {}

  /** Those with this name, in the order in which they began. */
  named(name: string): readonly RecordedSpan[] {
    return this.spans.filter(span => span.name === name)
  }
}
