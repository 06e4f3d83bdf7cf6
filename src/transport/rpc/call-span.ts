import { createContextKey, type ContextValues, type HandlerContext, type Interceptor } from '@connectrpc/connect'
import { parseTraceparent, TRACEPARENT } from '../../tracing/trace-context.ts'
import type { Span } from '../../tracing/tracing.ts'

/** The span of a call, for its handler. Undefined: the call is not traced. */
export const CALL_SPAN = createContextKey<Span | undefined>(undefined, { description: 'span of the call' })

type Request = Parameters<ReturnType<Interceptor>>[0]
/** A call as handlers see it, or as interceptors do. */
export type TracedCall = Pick<HandlerContext, 'values' | 'requestHeader'> | Pick<Request, 'contextValues' | 'header'>

/** What a log line about a call has: its trace, or that of its caller, which may be recorded elsewhere. Nothing if there is none. */
export function traceFields(call: TracedCall): { readonly trace_id?: string; readonly span_id?: string } {
  const [values, header] = 'values' in call ? [call.values, call.requestHeader] : [call.contextValues, call.header]
  const trace = values.get(CALL_SPAN)?.context ?? parseTraceparent(header.get(TRACEPARENT) ?? '')
  return trace === undefined ? {} : { trace_id: trace.traceId, span_id: trace.spanId }
}

/** The span of a call. Undefined: the call is not traced. */
export function spanOf({ values }: { readonly values: ContextValues }): Span | undefined {
  return values.get(CALL_SPAN)
}
