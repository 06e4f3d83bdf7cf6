import * as api from '@opentelemetry/api'
import { TracerProvider, type SpanProcessor } from '@opentelemetry/sdk-trace'
import { expect, test } from 'vitest'
import { OtelTracing } from '../../src/tracing/otel-tracing.ts'

const BROKEN = new Error('broken')
const broken = (): never => {
  throw BROKEN
}

/** Tracing, and what was thrown in it. */
function tracingWith(tracer: api.Tracer) {
  const faults: unknown[] = []
  const onFault = (error: unknown): void => void faults.push(error)
  const stop = () => Promise.resolve()
  return { faults, tracing: new OtelTracing({ api, tracer, decide: () => true, hasActiveSpans: true, stop, onFault }) }
}

test('work goes on without a span if OpenTelemetry cannot begin one', () => {
  const { tracing, faults } = tracingWith({ startSpan: broken, startActiveSpan: broken })
  expect(tracing.begin('call', { kind: 'server' })).toBeUndefined()
  expect(faults).toEqual([BROKEN])
})

test('work goes on if a span fails at each step', () => {
  const span = api.trace.wrapSpanContext({ traceId: 'a', spanId: 'b', traceFlags: 1 })
  Object.assign(span, { isRecording: () => true, addLink: broken, setAttributes: broken, setStatus: broken, end: broken })
  let begun = 0
  const { tracing, faults } = tracingWith({ startSpan: () => (begun++ === 0 ? span : broken()), startActiveSpan: broken })
  const call = tracing.begin('call', { kind: 'server' })!
  expect(call.begin('part', { kind: 'client' })).toBeUndefined()
  call.link({ traceId: 'c', spanId: 'd', isSampled: true })
  call.set({ size: 1 })
  call.end()
  call.end(new Error('the call failed'))
  expect(faults).toEqual([BROKEN, BROKEN, BROKEN, BROKEN, BROKEN])
})

test('work goes on if a processor of spans throws', () => {
  const processor: SpanProcessor = { onStart: () => undefined, onEnd: broken, forceFlush: broken, shutdown: broken }
  const provider = new TracerProvider({ spanProcessors: [processor] })
  const { tracing, faults } = tracingWith(provider.getTracer('ping'))
  tracing.begin('call', { kind: 'server' })!.end()
  expect(faults).toEqual([BROKEN])
})
