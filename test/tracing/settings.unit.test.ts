import { describe, expect, test } from 'vitest'
import { readSettings, type Environment } from '../../src/runtime/settings.ts'
import { tracingSettings } from '../../src/tracing/settings.ts'
import { traceReceiver } from '../../src/tracing/trace-receiver.ts'

const ENDPOINT = 'OTEL_EXPORTER_OTLP_ENDPOINT'
const of = (env: Environment) => traceReceiver(readSettings(tracingSettings, env))

describe('settings of traces', () => {
  test.each([
    {},
    { [ENDPOINT]: '' },
    { [ENDPOINT]: 'http://collector:4318', OTEL_SDK_DISABLED: 'TRUE' },
    { [ENDPOINT]: 'http://collector:4318', OTEL_TRACES_EXPORTER: 'none' },
    { OTEL_SERVICE_NAME: 'x', OTEL_TRACES_SAMPLER: 'always_on' },
  ])('turn them off: %j', env => expect(of(env)).toBeUndefined())

  test.each([
    [{ [ENDPOINT]: 'http://collector:4318' }, 'http://collector:4318/v1/traces'],
    [{ [ENDPOINT]: 'https://collector/' }, 'https://collector/v1/traces'],
    [{ [ENDPOINT]: 'https://collector/otlp/' }, 'https://collector/otlp/v1/traces'],
    [{ [ENDPOINT]: 'http://collector:4318', OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'http://jaeger:9/in' }, 'http://jaeger:9/in'],
  ])('name the receiver: %j', (env, url) => expect(of(env)!.url).toBe(url))

  test('for traces override those for all telemetry', () => {
    expect(
      of({
        [ENDPOINT]: 'http://user:word@collector:4318/?key=x',
        OTEL_EXPORTER_OTLP_TIMEOUT: '1',
        OTEL_EXPORTER_OTLP_TRACES_TIMEOUT: '2',
        OTEL_EXPORTER_OTLP_COMPRESSION: 'gzip',
        OTEL_EXPORTER_OTLP_TRACES_COMPRESSION: 'none',
        OTEL_EXPORTER_OTLP_PROTOCOL: 'http/protobuf',
        OTEL_EXPORTER_OTLP_HEADERS: ' a = 1 ,b=%20x%2c ,',
        OTEL_EXPORTER_OTLP_TRACES_HEADERS: 'a=2',
      }),
    ).toMatchObject({ shownUrl: 'http://collector:4318/v1/traces', timeoutMs: 2, isCompressed: false, headers: { a: '2', b: ' x,' } })
  })

  test.each([
    [
      { [ENDPOINT]: 'collector:4318' },
      `${ENDPOINT}: got "collector:4318", expected http://host:port or https://host:port, perhaps with a path`,
    ],
    [{ [ENDPOINT]: 'grpc://me:word@collector' }, `${ENDPOINT}: got a value that is not shown (secret), expected http://host:port`],
    [{ [ENDPOINT]: 'htp://collector/?key=word' }, `${ENDPOINT}: got a value that is not shown (secret), expected http://host:port`],
    [{ [ENDPOINT]: 'http://me:word%@collector' }, 'perhaps with a path, and with special characters as %XX'],
    [{ OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc' }, 'OTEL_EXPORTER_OTLP_PROTOCOL: got "grpc", expected one of http/json, http/protobuf'],
    [
      { OTEL_EXPORTER_OTLP_HEADERS: 'key' },
      'OTEL_EXPORTER_OTLP_HEADERS: got a value that is not shown (secret), expected key=value,key=value',
    ],
    [{ OTEL_EXPORTER_OTLP_TRACES_HEADERS: 'a b=c' }, 'OTEL_EXPORTER_OTLP_TRACES_HEADERS: got a value that is not shown (secret), expected'],
    [{ OTEL_EXPORTER_OTLP_HEADERS: 'a=b%0Ac' }, 'OTEL_EXPORTER_OTLP_HEADERS: got a value that is not shown (secret), expected'],
    [{ OTEL_RESOURCE_ATTRIBUTES: 'a=%' }, 'OTEL_RESOURCE_ATTRIBUTES: got "a=%", expected key=value,key=value'],
    [
      { OTEL_TRACES_SAMPLER: 'some' },
      'OTEL_TRACES_SAMPLER: got "some", expected one of always_on, always_off, traceidratio, parentbased_always_on,',
    ],
    [
      { OTEL_TRACES_SAMPLER: 'traceidratio', OTEL_TRACES_SAMPLER_ARG: '1.1' },
      'OTEL_TRACES_SAMPLER_ARG: got "1.1", expected a number from 0 to 1',
    ],
    [
      { OTEL_TRACES_SAMPLER: 'traceidratio', OTEL_TRACES_SAMPLER_ARG: '1e-2' },
      'OTEL_TRACES_SAMPLER_ARG: got "1e-2", expected a number from',
    ],
    [
      { [ENDPOINT]: 'http://c', OTEL_TRACES_SAMPLER: 'always_on', OTEL_TRACES_SAMPLER_ARG: '0.5' },
      'OTEL_TRACES_SAMPLER_ARG: got 0.5 with OTEL_TRACES_SAMPLER always_on, expected it with traceidratio',
    ],
    [
      { [ENDPOINT]: 'http://c', OTEL_BSP_MAX_QUEUE_SIZE: '100' },
      'OTEL_BSP_MAX_EXPORT_BATCH_SIZE: got 512, expected at most OTEL_BSP_MAX_QUEUE_SIZE, which is 100',
    ],
    [
      { [ENDPOINT]: 'https://c', OTEL_EXPORTER_OTLP_CERTIFICATE: '/none' },
      'OTEL_EXPORTER_OTLP_CERTIFICATE: got "/none", expected a file that can be read',
    ],
    [
      { [ENDPOINT]: 'https://c', OTEL_EXPORTER_OTLP_TRACES_CLIENT_KEY: '/none' },
      'OTEL_EXPORTER_OTLP_TRACES_CLIENT_KEY: got "/none", expected a file',
    ],
    [{ OTEL_SDK_DISABLED: 'yes' }, 'OTEL_SDK_DISABLED: got "yes", expected one of true, false'],
  ])('are refused with what was expected: %j', (env, message) => {
    let refusal = ''
    try {
      of(env)
    } catch (error) {
      refusal = (error as Error).message
    }
    expect(refusal).toContain(message)
    expect(refusal).not.toMatch(/word|b%0Ac|a b=c/)
  })
})
