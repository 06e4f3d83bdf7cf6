import type * as Api from '@opentelemetry/api'
import type { Logger } from '../runtime/logger.ts'
import { DroppedSpans } from './dropped-spans.ts'
import { parseKeyValues } from './key-values.ts'
import { sendLastSpans } from './send-last-spans.ts'
import type { TracingSettings } from './settings.ts'
import type { TraceReceiver } from './trace-receiver.ts'
import { WatchedExporter } from './watched-exporter.ts'

const NAME = 'service.name'

export interface SpanSender {
  readonly tracer: Api.Tracer
  /** Sends the spans that have ended. Resolves after a few seconds at the latest. */
  stop(): Promise<void>
}

export interface SpanSenderOptions {
  readonly settings: TracingSettings
  readonly receiver: TraceReceiver
  /** The name of the program, if the settings have none. */
  readonly service: string
  /** Set if the trace id decides whether a span is recorded: the share of ids. */
  readonly idRatio: number | undefined
  readonly log: Logger
}

/** Loads the SDK of OpenTelemetry, and sends the spans of its tracer to a receiver. Rejects if a package is not installed. */
export async function createSpanSender({ settings, receiver, service, idRatio, log }: SpanSenderOptions): Promise<SpanSender> {
  const [sdk, { OTLPTraceExporter }, { resourceFromAttributes }] = await Promise.all([
    import('@opentelemetry/sdk-trace'),
    import('@opentelemetry/exporter-trace-otlp-http'),
    import('@opentelemetry/resources'),
  ])
  const { url, headers, timeoutMs, isCompressed, tls, shownUrl } = receiver
  const exporter = new OTLPTraceExporter({
    url,
    headers: { ...headers },
    timeoutMillis: timeoutMs,
    compression: (isCompressed ? 'gzip' : 'none') as never, // an enum that the package does not export
    httpAgentOptions: { keepAlive: true, ...tls },
  })
  const dropped = new DroppedSpans({ maxQueue: settings.otelMaxQueue, log })
  const provider = new sdk.TracerProvider({
    sampler: idRatio === undefined ? new sdk.AlwaysOnSampler() : new sdk.TraceIdRatioBasedSampler(idRatio),
    resource: resourceFromAttributes(resourceAttributes(settings, service)),
    spanProcessors: [
      dropped,
      new sdk.BatchSpanProcessor({
        exporter: new WatchedExporter(exporter, { shownUrl, log, onTaken: spans => dropped.taken(spans) }),
        scheduledDelayMillis: settings.otelDelayMs,
        exportTimeoutMillis: settings.otelExportTimeoutMs,
        maxQueueSize: settings.otelMaxQueue,
        maxExportBatchSize: settings.otelMaxGroup,
      }),
    ],
  })
  return {
    tracer: provider.getTracer('ping'),
    stop: () => sendLastSpans(() => provider.shutdown(), log),
  }
}

function resourceAttributes({ otelServiceName, otelResourceAttributes = '' }: TracingSettings, service: string): Record<string, string> {
  const given = Object.fromEntries(parseKeyValues(otelResourceAttributes) ?? [])
  return { [NAME]: service, ...given, ...(otelServiceName === undefined ? {} : { [NAME]: otelServiceName }) }
}
