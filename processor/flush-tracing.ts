import type { LaneFlush } from '../src/counters/flush.ts'
import { ATTRIBUTES, OPERATIONS, SPANS, SYSTEMS } from '../src/tracing/names.ts'
import { sharedBy } from '../src/tracing/shared-by.ts'
import type { Attributes, Span, Tracing } from '../src/tracing/tracing.ts'
import type { TracedEvent } from './traced-events.ts'

/** What became of a lane in a flush. `moved`: the cache was at another position, and the lane goes on from there; `kept`: to be tried again later. */
export type LaneOutcome = 'written' | 'moved' | 'kept'

/** One lane's part of a flush, with its events that are part of recorded traces. */
export interface TracedFlush {
  readonly flush: LaneFlush
  readonly traced: readonly TracedEvent[]
}

export interface FlushTracingOptions {
  readonly tracing: Tracing
  readonly topic: string
  readonly groupId: string
}

/**
 * The spans of flushes: one for the flush, which all traces in it share, and one in the trace of each sampled ping, from the receipt of
 * its event until the cache has it. A flush without sampled pings has none.
 */
export class FlushTracing {
  readonly #options: FlushTracingOptions

  constructor(options: FlushTracingOptions) {
    this.#options = options
  }

  /** Undefined if no event of the flush is part of a recorded trace. */
  begin(parts: readonly TracedFlush[]): FlushTrace | undefined {
    return parts.some(({ traced }) => traced.length > 0) ? new FlushTrace(this.#options, parts) : undefined
  }
}

/** The spans of one flush. */
export class FlushTrace {
  readonly #options: FlushTracingOptions
  readonly #parts: readonly TracedFlush[]
  readonly #flush: Span | undefined

  constructor(options: FlushTracingOptions, parts: readonly TracedFlush[]) {
    this.#options = options
    this.#parts = parts
    const traced = parts.flatMap(part => part.traced)
    this.#flush = options.tracing.begin(SPANS.flush(options.topic), {
      kind: 'consumer',
      ...sharedBy(traced.map(({ context }) => context)),
      attributes: {
        ...this.#messaging(OPERATIONS.flush),
        [ATTRIBUTES.messagingBatchSize]: parts.reduce((sum, { flush }) => sum + Number(flush.end.seq - flush.start.seq), 0),
        [ATTRIBUTES.lanes]: parts.length,
        [ATTRIBUTES.sampledPings]: traced.length,
      },
    })
  }

  /** The flush has ended, with an outcome for each part. Only events that this flush has written are processed by it. */
  end(outcomes: readonly LaneOutcome[]): void {
    const { tracing, topic } = this.#options
    const links = this.#flush && [this.#flush.context]
    this.#parts.forEach(({ flush, traced }, index) => {
      if (outcomes[index] !== 'written') return
      for (const { context, receivedMs, seq, offset } of traced) {
        const attributes = {
          ...this.#messaging(OPERATIONS.process),
          [ATTRIBUTES.messagingOffset]: offset,
          [ATTRIBUTES.lane]: flush.lane,
          [ATTRIBUTES.seq]: seq,
        }
        tracing.begin(SPANS.process(topic), { kind: 'consumer', parent: context, links, startMs: receivedMs, attributes })?.end()
      }
    })
    this.#flush?.set({ [ATTRIBUTES.outcome]: [...new Set(outcomes)].join() })
    this.#flush?.end(outcomes.includes('kept') ? new Error('the cache did not accept all lanes; they are written later') : undefined)
  }

  #messaging(operation: string): Attributes {
    const { topic, groupId } = this.#options
    return {
      [ATTRIBUTES.messagingSystem]: SYSTEMS.kafka,
      [ATTRIBUTES.messagingDestination]: topic,
      [ATTRIBUTES.messagingGroup]: groupId,
      [ATTRIBUTES.messagingOperation]: operation,
      [ATTRIBUTES.messagingOperationType]: OPERATIONS.process,
    }
  }
}
