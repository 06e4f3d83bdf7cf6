import type { KafkaMessage } from 'kafkajs'
import { parseTraceparent, TRACEPARENT, type SpanContext } from '../tracing/trace-context.ts'

/** The recorded trace that a record is part of, by its header. Undefined if it has none, or if that is malformed or not sampled. */
export function traceOfRecord({ headers }: KafkaMessage): SpanContext | undefined {
  const value = headers?.[TRACEPARENT]
  const context = Buffer.isBuffer(value) ? parseTraceparent(value.toString('latin1')) : undefined
  return context?.isSampled ? context : undefined
}
