import { describe, expect, test } from 'vitest'
import { readSettings, type Environment } from '../../src/runtime/settings.ts'
import { withReadVariables } from '../../src/tracing/read-variables.ts'
import { tracingSettings } from '../../src/tracing/settings.ts'
import { traceReceiver } from '../../src/tracing/trace-receiver.ts'

const NO_SDK = {}
const OWN_SDK = { [Symbol.for('opentelemetry.js.api.1')]: { version: '1.9.1', trace: { getTracer: () => ({}) } } }
/** Wrong for Ping, and perhaps right for other programs. */
const WRONG = {
  OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc',
  OTEL_TRACES_SAMPLER: 'xray',
  OTEL_TRACES_SAMPLER_ARG: '7',
  OTEL_RESOURCE_ATTRIBUTES: 'a=%',
  OTEL_BSP_MAX_QUEUE_SIZE: 'many',
  OTEL_EXPORTER_OTLP_CERTIFICATE: '/none',
}
const RECEIVER = { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://collector:4318' }

describe('the variables of OpenTelemetry', () => {
  test.each<Environment>([
    {},
    { OTEL_EXPORTER_OTLP_ENDPOINT: '', OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: '' },
    { OTEL_TRACES_EXPORTER: 'console', OTEL_SDK_DISABLED: 'no' },
    { ...RECEIVER, OTEL_SDK_DISABLED: 'True' },
    { ...RECEIVER, OTEL_TRACES_EXPORTER: 'none' },
    { OTEL_EXPORTER_OTLP_ENDPOINT: 'collector', OTEL_SDK_DISABLED: 'true' },
  ])('may be wrong where traces are off: %j', given => {
    const env = withReadVariables({ PORT: '1', ...WRONG, ...given }, NO_SDK)
    expect(env).toEqual({ PORT: '1' })
    expect(traceReceiver(readSettings(tracingSettings, env))).toBeUndefined()
  })

  test.each<Environment>([
    RECEIVER,
    { OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'http://jaeger:9/in' },
    { OTEL_EXPORTER_OTLP_ENDPOINT: 'collector', OTEL_SDK_DISABLED: 'no', OTEL_TRACES_EXPORTER: 'console' },
  ])('are read where a receiver is set: %j', given => {
    const env = { PORT: '1', ...WRONG, ...given }
    expect(withReadVariables(env, NO_SDK)).toBe(env)
    expect(() => readSettings(tracingSettings, env)).toThrow('OTEL_EXPORTER_OTLP_PROTOCOL: got "grpc", expected one of')
  })

  test("are those of the user's own SDK where one runs", () => {
    expect(withReadVariables({ PORT: '1', ...WRONG, ...RECEIVER }, OWN_SDK)).toEqual({ PORT: '1' })
  })
})
