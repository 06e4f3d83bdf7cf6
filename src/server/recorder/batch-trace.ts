import type { RecordedBatch } from '../../ledger/record.ts'
import type { NewPing } from '../../terms/ping.ts'
import { logFields } from '../../tracing/log-fields.ts'
import { ATTRIBUTES, SPANS, SYSTEMS } from '../../tracing/names.ts'
import { sharedBy } from '../../tracing/shared-by.ts'
import type { SpanContext } from '../../tracing/trace-context.ts'
import type { Span } from '../../tracing/tracing.ts'

/** A ping that came with a traced call. */
export interface TracedPing {
  readonly ping: NewPing
  readonly span: Span
}

/**
 * The span of a batch with traced pings. It is part of the trace of the first call, and has links to those of the others, which get a
 * link to it: from each of them one finds the batch. Only one ping of a call carries its trace on to Kafka.
 */
export class BatchTrace {
  readonly #calls: readonly Span[]
  readonly #span: Span | undefined

  constructor(traced: readonly TracedPing[], pings: number) {
    this.#calls = [...new Set(traced.map(({ span }) => span))]
    const [first, ...others] = this.#calls
    const { links } = sharedBy(this.#calls.map(({ context }) => context))
    this.#span = first?.begin(SPANS.batch, {
      kind: 'client',
      links,
      attributes: {
        [ATTRIBUTES.dbSystem]: SYSTEMS.postgres,
        [ATTRIBUTES.pings]: pings,
        [ATTRIBUTES.sampledPings]: traced.length,
      },
    })
    if (this.#span !== undefined) for (const call of others) call.link(this.#span.context)
  }

  /** For the log lines about the batch. */
  get fields(): ReturnType<typeof logFields> {
    return logFields(this.#span)
  }

  /** Ends the span. Returns the batch with the traces that it carries on. `traced` is read after the batch was sealed. */
  recorded(batch: RecordedBatch, traced: readonly TracedPing[], tries: number): RecordedBatch {
    const { lane, before, inserted } = batch
    this.#span?.set({
      [ATTRIBUTES.lane]: lane,
      [ATTRIBUTES.seq]: before.seq + BigInt(inserted.length),
      [ATTRIBUTES.attempts]: tries,
    })
    this.#span?.end()
    return { ...batch, traces: tracesOf(inserted, traced) }
  }

  failed(error: unknown, tries: number): void {
    this.#span?.set({ [ATTRIBUTES.attempts]: tries })
    this.#span?.end(error)
  }
}

/** One inserted ping of each traced call, by its index. An SDK of the user may record a call without sampling it: nothing is carried on. */
function tracesOf(inserted: readonly NewPing[], traced: readonly TracedPing[]): ReadonlyMap<number, SpanContext> {
  const indexes = new Map(inserted.map((ping, index) => [ping, index]))
  const calls = new Set<Span>()
  const traces = new Map<number, SpanContext>()
  for (const { ping, span } of traced) {
    const index = indexes.get(ping)
    if (index === undefined || calls.has(span) || !span.context.isSampled) continue
    calls.add(span)
    if (!traces.has(index)) traces.set(index, span.context)
  }
  return traces
}
