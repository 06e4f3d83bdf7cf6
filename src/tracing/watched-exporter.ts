import type { SpanExporter } from '@opentelemetry/sdk-trace'
import type { Logger } from '../runtime/logger.ts'

type Spans = Parameters<SpanExporter['export']>[0]
type Done = Parameters<SpanExporter['export']>[1]

const SUCCESS = 0

export interface WatchedExporterOptions {
  /** The receiver, for log lines. */
  readonly shownUrl: string
  readonly log: Logger
  /** Called with the number of spans that are about to be sent. */
  readonly onTaken: (spans: number) => void
}

/**
 * Passes spans on, and logs when they begin to get lost and when they arrive again: one line each, no matter how many are lost. The
 * spans themselves and the headers are never logged.
 */
export class WatchedExporter implements SpanExporter {
  readonly #exporter: SpanExporter
  readonly #options: WatchedExporterOptions
  #lost = 0

  constructor(exporter: SpanExporter, options: WatchedExporterOptions) {
    this.#exporter = exporter
    this.#options = options
  }

  export(spans: Spans, done: Done): void {
    this.#options.onTaken(spans.length)
    this.#exporter.export(spans, result => {
      if (result.code === SUCCESS) this.#arrived()
      else this.#failed(spans.length, result.error)
      done(result)
    })
  }

  forceFlush(): Promise<void> {
    return this.#exporter.forceFlush?.() ?? Promise.resolve()
  }

  shutdown(): Promise<void> {
    return this.#exporter.shutdown()
  }

  #arrived(): void {
    const { shownUrl: receiver, log } = this.#options
    if (this.#lost > 0) log.info({ lost: this.#lost, receiver }, 'traces: the receiver takes spans again')
    this.#lost = 0
  }

  #failed(spans: number, error: (Error & { readonly code?: unknown }) | undefined): void {
    const { shownUrl: receiver, log } = this.#options
    const why = reasonOf(error)
    if (this.#lost === 0)
      log.warn({ receiver, why }, 'traces: the receiver does not take spans; they are lost until it does. Pings are not affected')
    else log.debug({ receiver, why, spans }, 'traces: spans were lost')
    this.#lost += spans
  }
}

/** In one short text: the answer of a receiver could be a whole page. */
function reasonOf(error: (Error & { readonly code?: unknown }) | undefined): string {
  if (error === undefined) return 'no reason is known'
  if (typeof error.code === 'number') return `HTTP status ${error.code}`
  return error.message === '' ? String(error.code ?? error.name) : error.message
}
