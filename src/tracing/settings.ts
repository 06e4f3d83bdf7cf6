import { choice, integer, SettingsError, text, type Setting, type SettingsOf } from '../runtime/settings.ts'
import { parseKeyValues } from './key-values.ts'

const URL_EXPECTED = 'http://host:port or https://host:port, perhaps with a path, and with special characters as %XX'
const PAIRS_EXPECTED = 'key=value,key=value, with special characters as %XX'
/** The name of an HTTP header. */
const HEADER_NAME = /^[\w!#$%&'*+.^`|~-]+$/
const HEADER_VALUE = /^[\t\x20-\x7e\x80-\xff]*$/
const PROTOCOLS = ['http/json', 'http/protobuf'] as const
const SAMPLERS = [
  'always_on',
  'always_off',
  'traceidratio',
  'parentbased_always_on',
  'parentbased_always_off',
  'parentbased_traceidratio',
] as const

const url = (env: string, help: string): Setting<string | undefined> =>
  text(env, { help, expected: URL_EXPECTED, fallback: undefined, check: got => checkUrl(env, got) })
const headers = (env: string, help: string): Setting<string | undefined> =>
  text(env, { help, expected: PAIRS_EXPECTED, fallback: undefined, secret: true, check: got => checkHeaders(env, got) })
const protocol = (env: string, help: string) => choice(env, PROTOCOLS, { help, fallback: undefined })
const timeout = (env: string, help: string) => integer(env, { help, fallback: undefined, min: 1, max: 600_000 })
const compression = (env: string, help: string) => choice(env, ['none', 'gzip'], { help, fallback: undefined })
const file = (env: string, help: string) => text(env, { help, fallback: undefined })
/** The variable for traces only, which overrides the one for every kind of telemetry. */
const onlyTraces = (env: string): string => `Overrides ${env}.`

/** Traces, by the variables of OpenTelemetry. Most have the meaning and the default that OpenTelemetry's documentation gives. */
export const tracingSettings = {
  otelEndpoint: url(
    'OTEL_EXPORTER_OTLP_ENDPOINT',
    'Receiver of traces by OTLP over HTTP, such as http://127.0.0.1:4318; they are sent to the path v1/traces below it. If neither this nor OTEL_EXPORTER_OTLP_TRACES_ENDPOINT is set, there are no traces, and nothing of OpenTelemetry is loaded.',
  ),
  otelTracesEndpoint: url(
    'OTEL_EXPORTER_OTLP_TRACES_ENDPOINT',
    'The same, as the whole URL, to which no path is added. Overrides OTEL_EXPORTER_OTLP_ENDPOINT.',
  ),
  otelSdkDisabled: choice('OTEL_SDK_DISABLED', ['true', 'false'], {
    help: 'Whether traces are off, no matter what else is set.',
    fallback: 'false',
  }),
  otelTracesExporter: choice('OTEL_TRACES_EXPORTER', ['otlp', 'none'], {
    help: 'How traces are sent. With none there are no traces.',
    fallback: 'otlp',
  }),
  otelSampler: choice('OTEL_TRACES_SAMPLER', SAMPLERS, {
    help: 'Which traces are recorded. Default: a trace that a caller sends is recorded if the caller records it; of calls without one, up to 10 each second begin a trace.',
    fallback: undefined,
  }),
  otelSamplerArg: ratio(
    'OTEL_TRACES_SAMPLER_ARG',
    'Share of traces that is recorded, with traceidratio and parentbased_traceidratio; absent: 1.',
  ),
  otelServiceName: text('OTEL_SERVICE_NAME', {
    help: 'Name of the service in traces; absent: service.name of OTEL_RESOURCE_ATTRIBUTES, or else ping-server or ping-processor.',
    fallback: undefined,
  }),
  otelResourceAttributes: text('OTEL_RESOURCE_ATTRIBUTES', {
    help: 'Attributes of the service in traces, such as deployment.environment.name=staging.',
    expected: PAIRS_EXPECTED,
    fallback: undefined,
    check: got => checkPairs('OTEL_RESOURCE_ATTRIBUTES', got),
  }),
  otelHeaders: headers('OTEL_EXPORTER_OTLP_HEADERS', 'Headers for the receiver of traces, such as those with a key.'),
  otelTracesHeaders: headers(
    'OTEL_EXPORTER_OTLP_TRACES_HEADERS',
    'Further headers; one of the same name overrides that of OTEL_EXPORTER_OTLP_HEADERS.',
  ),
  otelProtocol: protocol(
    'OTEL_EXPORTER_OTLP_PROTOCOL',
    'Form in which traces are sent; absent: http/json. http/protobuf is accepted, because receivers that take it also take JSON, which Ping sends.',
  ),
  otelTracesProtocol: protocol('OTEL_EXPORTER_OTLP_TRACES_PROTOCOL', onlyTraces('OTEL_EXPORTER_OTLP_PROTOCOL')),
  otelTimeoutMs: timeout('OTEL_EXPORTER_OTLP_TIMEOUT', 'Maximum time to send a group of spans, with retries, in ms; absent: 10000.'),
  otelTracesTimeoutMs: timeout('OTEL_EXPORTER_OTLP_TRACES_TIMEOUT', onlyTraces('OTEL_EXPORTER_OTLP_TIMEOUT')),
  otelCompression: compression('OTEL_EXPORTER_OTLP_COMPRESSION', 'Compression of what is sent; absent: none.'),
  otelTracesCompression: compression('OTEL_EXPORTER_OTLP_TRACES_COMPRESSION', onlyTraces('OTEL_EXPORTER_OTLP_COMPRESSION')),
  otelCaFile: file('OTEL_EXPORTER_OTLP_CERTIFICATE', 'File with the CA certificate of the receiver, in PEM.'),
  otelTracesCaFile: file('OTEL_EXPORTER_OTLP_TRACES_CERTIFICATE', onlyTraces('OTEL_EXPORTER_OTLP_CERTIFICATE')),
  otelCertFile: file('OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE', 'File with the client certificate for the receiver, in PEM.'),
  otelTracesCertFile: file('OTEL_EXPORTER_OTLP_TRACES_CLIENT_CERTIFICATE', onlyTraces('OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE')),
  otelKeyFile: file('OTEL_EXPORTER_OTLP_CLIENT_KEY', 'File with the private key of the client certificate, in PEM.'),
  otelTracesKeyFile: file('OTEL_EXPORTER_OTLP_TRACES_CLIENT_KEY', onlyTraces('OTEL_EXPORTER_OTLP_CLIENT_KEY')),
  otelDelayMs: integer('OTEL_BSP_SCHEDULE_DELAY', {
    help: 'Maximum time that a span waits until it is sent, in ms.',
    fallback: 5_000,
    min: 1,
    max: 600_000,
  }),
  otelExportTimeoutMs: integer('OTEL_BSP_EXPORT_TIMEOUT', {
    help: 'After this time, in ms, the next group of spans is sent, even if the last one has not been.',
    fallback: 30_000,
    min: 1,
    max: 600_000,
  }),
  otelMaxQueue: integer('OTEL_BSP_MAX_QUEUE_SIZE', {
    help: 'Maximum number of spans that wait to be sent. Further spans are dropped.',
    fallback: 2_048,
    min: 1,
    max: 1_000_000,
  }),
  otelMaxGroup: integer('OTEL_BSP_MAX_EXPORT_BATCH_SIZE', {
    help: 'Maximum number of spans in one group. At most OTEL_BSP_MAX_QUEUE_SIZE.',
    fallback: 512,
    min: 1,
    max: 1_000_000,
  }),
}

export type TracingSettings = SettingsOf<typeof tracingSettings>

function ratio(env: string, help: string): Setting<number | undefined> {
  return {
    env,
    help,
    fallback: undefined,
    secret: false,
    expected: 'a number from 0 to 1',
    parse: got => {
      const value = /^\d*\.?\d+$/.test(got) ? Number(got) : NaN
      return value >= 0 && value <= 1 ? value : undefined
    },
  }
}

function checkUrl(env: string, got: string): void {
  const url = URL.parse(got)
  if (url !== null && ['http:', 'https:'].includes(url.protocol) && isEncoded(url.username) && isEncoded(url.password)) return
  const shown = /[@?]/.test(got) ? 'a value that is not shown (secret)' : JSON.stringify(got)
  throw new SettingsError(`${env}: got ${shown}, expected ${URL_EXPECTED}`)
}

/** Node decodes the user and the password of a URL with each request. */
function isEncoded(text: string): boolean {
  try {
    decodeURIComponent(text)
    return true
  } catch {
    return false
  }
}

function checkPairs(env: string, got: string): ReadonlyMap<string, string> {
  const pairs = parseKeyValues(got)
  if (pairs === undefined) throw new SettingsError(`${env}: got ${JSON.stringify(got)}, expected ${PAIRS_EXPECTED}`)
  return pairs
}

/** Says which of the headers is wrong only by its number: any part of them may be a key. */
function checkHeaders(env: string, got: string): void {
  const pairs = parseKeyValues(got)
  const isRight = pairs !== undefined && [...pairs].every(([name, value]) => HEADER_NAME.test(name) && HEADER_VALUE.test(value))
  if (!isRight) throw new SettingsError(`${env}: got a value that is not shown (secret), expected ${PAIRS_EXPECTED}`)
}
