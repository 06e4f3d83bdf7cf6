import type { Environment } from '../runtime/settings.ts'
import { ownProvider } from './own-sdk.ts'

const OF_OPENTELEMETRY = 'OTEL_'
const RECEIVERS = ['OTEL_EXPORTER_OTLP_ENDPOINT', 'OTEL_EXPORTER_OTLP_TRACES_ENDPOINT']

/**
 * The environment without the variables of OpenTelemetry, unless Ping reads them. They may be wrong where Ping does not: a platform
 * sets them for all its programs, and some know other values. It does not read them if the user's own SDK runs, for which they are, and
 * if traces are off.
 */
export function withReadVariables(env: Environment, scope: object = globalThis): Environment {
  if (ownProvider(scope) === undefined && !areTracesOff(env)) return env
  return Object.fromEntries(Object.entries(env).filter(([name]) => !name.startsWith(OF_OPENTELEMETRY)))
}

function areTracesOff(env: Environment): boolean {
  return (
    RECEIVERS.every(name => (env[name] ?? '') === '') ||
    env['OTEL_SDK_DISABLED']?.toLowerCase() === 'true' ||
    env['OTEL_TRACES_EXPORTER']?.toLowerCase() === 'none'
  )
}
