import type { Logger } from '../runtime/logger.ts'
import { OtelTracing } from './otel-tracing.ts'
import { ownProvider, type RegisteredProvider } from './own-sdk.ts'
import { samplerOf } from './sampling.ts'
import { sendLastSpans } from './send-last-spans.ts'
import type { TracingSettings } from './settings.ts'
import { createSpanSender } from './span-sender.ts'
import { traceReceiver, type TraceReceiver } from './trace-receiver.ts'
import type { Tracing } from './tracing.ts'

const IS_MISSING = 'ERR_MODULE_NOT_FOUND'

export interface StartTracingOptions {
  /** The name of the program in traces, if the settings have none. */
  readonly service: string
  readonly log: Logger
}

/**
 * Starts tracing if a receiver of traces is set, or if the user has brought an SDK. Undefined: traces are off, and nothing of
 * OpenTelemetry was loaded; or its packages are not installed, which is logged. Throws `SettingsError` for settings that contradict
 * each other.
 */
export async function startTracing(settings: TracingSettings, options: StartTracingOptions): Promise<Tracing | undefined> {
  const own = ownProvider()
  if (own !== undefined) return withOwnSdk(own, options)
  const receiver = traceReceiver(settings)
  if (receiver === undefined) return undefined
  try {
    return await sendTo(receiver, settings, options)
  } catch (error) {
    if ((error as { readonly code?: unknown }).code !== IS_MISSING) throw error
    options.log.warn(
      { why: (error as Error).message },
      'no traces: a receiver of traces is set, but a package of OpenTelemetry is not installed. Install all with npm ci --include=optional. Ping runs without traces',
    )
    return undefined
  }
}

async function sendTo(receiver: TraceReceiver, settings: TracingSettings, { service, log }: StartTracingOptions): Promise<Tracing> {
  const { decide, text, idRatio } = samplerOf(settings)
  const [api, { tracer, stop }] = await Promise.all([
    import('@opentelemetry/api'),
    createSpanSender({ settings, receiver, service, idRatio, log }),
  ])
  log.info({ receiver: receiver.shownUrl, sampled: text }, 'traces are recorded')
  return new OtelTracing({ api, tracer, decide, hasActiveSpans: false, stop, onFault: faultsTo(log) })
}

async function withOwnSdk(own: RegisteredProvider, { log }: StartTracingOptions): Promise<Tracing> {
  const api = await import('@opentelemetry/api')
  log.info('traces are recorded with the SDK that this process was started with; it decides what is recorded, and where it goes')
  const provider = own.getDelegate?.() ?? own
  return new OtelTracing({
    api,
    tracer: own.getTracer('ping'),
    decide: () => true,
    hasActiveSpans: true,
    stop: () => sendLastSpans(async () => provider.forceFlush?.(), log),
    onFault: faultsTo(log),
  })
}

/** Logs the first fault only: each span could have the same one. */
function faultsTo(log: Logger): (err: unknown) => void {
  let isKnown = false
  return err => {
    log[isKnown ? 'debug' : 'warn']({ err }, 'traces: OpenTelemetry failed to record a span. Pings are not affected')
    isKnown = true
  }
}
