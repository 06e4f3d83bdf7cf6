import type { SpanContext } from './trace-context.ts'

/** What a log line about traced work has, with the names that OpenTelemetry gives them. Nothing if the work is not traced. */
export function logFields(of: { readonly context: SpanContext } | undefined): { readonly trace_id?: string; readonly span_id?: string } {
  return of === undefined ? {} : { trace_id: of.context.traceId, span_id: of.context.spanId }
}
