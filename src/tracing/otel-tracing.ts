import type * as Api from '@opentelemetry/api'
import type { Sampling } from './sampling.ts'
import type { SpanContext } from './trace-context.ts'
import type { Attributes, Span, SpanOptions, Tracing } from './tracing.ts'

export interface OtelTracingOptions {
  readonly api: typeof Api
  readonly tracer: Api.Tracer
  readonly decide: Sampling
  /** Whether a call may be part of a span that an SDK of the user has begun for its HTTP request. */
  readonly hasActiveSpans: boolean
  /** Sends what has ended. */
  readonly stop: () => Promise<void>
  /** Called with what OpenTelemetry threw, such as a processor of spans that the user brought. */
  readonly onFault: (error: unknown) => void
}

/**
 * Records spans with OpenTelemetry. No context follows the work by itself: the caller passes it on. What OpenTelemetry throws ends
 * here: the work goes on without a span, or with one that lacks something.
 */
export class OtelTracing implements Tracing {
  readonly #options: OtelTracingOptions

  constructor(options: OtelTracingOptions) {
    this.#options = options
  }

  begin(name: string, options: SpanOptions): Span | undefined {
    if (!this.#options.decide(options.parent)) return undefined
    return unharmed(this.#options.onFault, () => this.#begin(name, options, this.#causeOf(options)))
  }

  stop(): Promise<void> {
    return this.#options.stop()
  }

  #begin(name: string, { kind, links, attributes, startMs }: SpanOptions, cause: Api.Context): Span | undefined {
    const { api, tracer, onFault } = this.#options
    const span = tracer.startSpan(
      name,
      {
        kind: api.SpanKind[KINDS[kind]],
        ...(attributes === undefined ? {} : { attributes: plain(attributes) }),
        ...(links === undefined ? {} : { links: links.map(context => ({ context: toOtel(context) })) }),
        ...(startMs === undefined ? {} : { startTime: highResolution(startMs) }),
      },
      cause,
    )
    if (!span.isRecording()) return undefined
    const beginChild: Span['begin'] = (child, more) =>
      unharmed(onFault, () => this.#begin(child, more, api.trace.setSpan(api.ROOT_CONTEXT, span)))
    return new OtelSpan(span, { api, onFault, begin: beginChild })
  }

  #causeOf({ parent, kind }: SpanOptions): Api.Context {
    const { api, hasActiveSpans } = this.#options
    if (hasActiveSpans && kind === 'server') {
      const active = api.context.active()
      if (api.trace.getSpan(active) !== undefined) return active
    }
    return parent === undefined ? api.ROOT_CONTEXT : api.trace.setSpanContext(api.ROOT_CONTEXT, toOtel(parent))
  }
}

const KINDS = { server: 'SERVER', client: 'CLIENT', producer: 'PRODUCER', consumer: 'CONSUMER', internal: 'INTERNAL' } as const
const [SAMPLED, NOT_SAMPLED] = [1, 0]

class OtelSpan implements Span {
  readonly context: SpanContext
  readonly begin: Span['begin']
  readonly #span: Api.Span
  readonly #api: typeof Api
  readonly #onFault: (error: unknown) => void

  constructor(span: Api.Span, { api, onFault, begin }: Pick<OtelTracingOptions, 'api' | 'onFault'> & Pick<Span, 'begin'>) {
    const { traceId, spanId, traceFlags } = span.spanContext()
    this.context = { traceId, spanId, isSampled: (traceFlags & SAMPLED) !== 0 }
    this.begin = begin
    this.#span = span
    this.#api = api
    this.#onFault = onFault
  }

  link(context: SpanContext): void {
    // Absent in an SDK of the user that is older than 1.26.
    unharmed(this.#onFault, () => (this.#span as Partial<Api.Span>).addLink?.({ context: toOtel(context) }))
  }

  set(attributes: Attributes): void {
    unharmed(this.#onFault, () => this.#span.setAttributes(plain(attributes)))
  }

  end(error?: unknown): void {
    unharmed(this.#onFault, () => {
      if (error !== undefined) this.#span.setStatus({ code: this.#api.SpanStatusCode.ERROR, message: messageOf(error) })
      this.#span.end()
    })
  }
}

/** What `work` returns; undefined if it throws. */
function unharmed<T>(onFault: (error: unknown) => void, work: () => T): T | undefined {
  try {
    return work()
  } catch (error) {
    onFault(error)
    return undefined
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

function toOtel({ traceId, spanId, isSampled }: SpanContext): Api.SpanContext {
  return { traceId, spanId, traceFlags: isSampled ? SAMPLED : NOT_SAMPLED, isRemote: true }
}

/** In seconds and nanoseconds. The SDK takes a number before the start of the process for ms since then. */
function highResolution(ms: number): Api.HrTime {
  const seconds = Math.floor(ms / 1_000)
  return [seconds, Math.round((ms - seconds * 1_000) * 1_000_000)]
}

function plain(attributes: Attributes): Api.Attributes {
  const values: Api.Attributes = {}
  for (const [name, value] of Object.entries(attributes)) values[name] = typeof value === 'bigint' ? Number(value) : value
  return values
}
