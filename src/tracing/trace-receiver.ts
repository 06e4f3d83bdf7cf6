import { settingFiles } from '../runtime/setting-file.ts'
import { SettingsError } from '../runtime/settings.ts'
import { parseKeyValues } from './key-values.ts'
import type { TracingSettings } from './settings.ts'

/** Where traces are sent, and how. */
export interface TraceReceiver {
  /** The whole URL. It may have a password. */
  readonly url: string
  /** The URL for a log line: without a user, a password and a query. */
  readonly shownUrl: string
  readonly headers: Readonly<Record<string, string>>
  readonly timeoutMs: number
  readonly isCompressed: boolean
  /** Certificates as Node's agent takes them. */
  readonly tls: { readonly ca?: string; readonly cert?: string; readonly key?: string }
}

const PATH = 'v1/traces'
const TIMEOUT_MS = 10_000

/** Undefined: traces are off. Throws `SettingsError` for settings that contradict each other, or a file that cannot be read. */
export function traceReceiver(settings: TracingSettings): TraceReceiver | undefined {
  const url = settings.otelTracesEndpoint ?? belowEndpoint(settings.otelEndpoint)
  if (url === undefined || settings.otelSdkDisabled === 'true' || settings.otelTracesExporter === 'none') return undefined
  checkSampler(settings)
  checkQueue(settings)
  return {
    url,
    shownUrl: shown(url),
    headers: headersOf(settings),
    timeoutMs: settings.otelTracesTimeoutMs ?? settings.otelTimeoutMs ?? TIMEOUT_MS,
    isCompressed: (settings.otelTracesCompression ?? settings.otelCompression) === 'gzip',
    tls: certificates(settings),
  }
}

function belowEndpoint(endpoint: string | undefined): string | undefined {
  if (endpoint === undefined) return undefined
  const url = new URL(endpoint)
  url.pathname = `${url.pathname.replace(/\/$/, '')}/${PATH}`
  return url.href
}

function shown(url: string): string {
  const { origin, pathname } = new URL(url)
  return `${origin}${pathname}`
}

function headersOf({ otelHeaders = '', otelTracesHeaders = '' }: TracingSettings): Readonly<Record<string, string>> {
  return Object.fromEntries([...(parseKeyValues(otelHeaders) ?? []), ...(parseKeyValues(otelTracesHeaders) ?? [])])
}

function certificates(settings: TracingSettings): TraceReceiver['tls'] {
  const named = (all: string, own: string, allFile: string | undefined, ownFile: string | undefined) =>
    ownFile === undefined ? { setting: all, file: allFile } : { setting: own, file: ownFile }
  const of = (name: string): [string, string] => [`OTEL_EXPORTER_OTLP_${name}`, `OTEL_EXPORTER_OTLP_TRACES_${name}`]
  return settingFiles({
    ca: named(...of('CERTIFICATE'), settings.otelCaFile, settings.otelTracesCaFile),
    cert: named(...of('CLIENT_CERTIFICATE'), settings.otelCertFile, settings.otelTracesCertFile),
    key: named(...of('CLIENT_KEY'), settings.otelKeyFile, settings.otelTracesKeyFile),
  })
}

function checkSampler({ otelSampler, otelSamplerArg }: TracingSettings): void {
  if (otelSamplerArg === undefined || otelSampler?.endsWith('traceidratio') === true) return
  throw new SettingsError(
    `OTEL_TRACES_SAMPLER_ARG: got ${otelSamplerArg} with OTEL_TRACES_SAMPLER ${otelSampler ?? 'not set'}, expected it with traceidratio or parentbased_traceidratio`,
  )
}

function checkQueue({ otelMaxGroup, otelMaxQueue }: TracingSettings): void {
  if (otelMaxGroup <= otelMaxQueue) return
  throw new SettingsError(
    `OTEL_BSP_MAX_EXPORT_BATCH_SIZE: got ${otelMaxGroup}, expected at most OTEL_BSP_MAX_QUEUE_SIZE, which is ${otelMaxQueue}`,
  )
}
