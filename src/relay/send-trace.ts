import type { EventRun } from '../events/event-run.ts'
import { partitionOfLane } from '../events/partition-of-lane.ts'
import { ATTRIBUTES, OPERATIONS, SPANS, SYSTEMS } from '../tracing/names.ts'
import { sharedBy } from '../tracing/shared-by.ts'
import type { SpanContext } from '../tracing/trace-context.ts'
import type { Attributes, Span, Tracing } from '../tracing/tracing.ts'

/** Where the events of a send go. */
export interface SendTarget {
  readonly topic: string
  readonly partitions: number
}

/** A ping of the send whose trace is recorded. */
interface Traced {
  readonly context: SpanContext
  readonly sinceMs: number
  readonly attributes: Attributes
}

/**
 * The spans of one send to Kafka: one for the request, which all traces in it share, and one in the trace of each sampled ping, from
 * the hand-over until Kafka has the record. A send without sampled pings has none.
 */
export class SendTrace {
  readonly #tracing: Tracing
  readonly #topic: string
  readonly #traced: readonly Traced[]
  readonly #request: Span | undefined

  private constructor(tracing: Tracing, runs: readonly EventRun[], traced: readonly Traced[], { topic, partitions }: SendTarget) {
    this.#tracing = tracing
    this.#topic = topic
    this.#traced = traced
    this.#request = tracing.begin(SPANS.send(topic), {
      kind: 'producer',
      ...sharedBy(traced.map(({ context }) => context)),
      attributes: {
        ...this.#messaging(OPERATIONS.send),
        [ATTRIBUTES.messagingBatchSize]: runs.reduce((sum, { pings }) => sum + pings.length, 0),
        [ATTRIBUTES.messagingPartition]: [...new Set(runs.map(({ lane }) => partitionOfLane(lane, partitions)))]
          .toSorted((a, b) => a - b)
          .join(),
        [ATTRIBUTES.sampledPings]: traced.length,
      },
    })
  }

  /** Undefined if no ping of these runs is sampled. */
  static begin(tracing: Tracing | undefined, runs: readonly EventRun[], target: SendTarget): SendTrace | undefined {
    if (tracing === undefined) return undefined
    const traced = runs.flatMap(run => tracedOf(run, target.partitions))
    return traced.length === 0 ? undefined : new SendTrace(tracing, runs, traced, target)
  }

  /** Kafka has the events. */
  sent(): void {
    const links = this.#request && [this.#request.context]
    for (const { context, sinceMs, attributes } of this.#traced) {
      this.#tracing
        .begin(SPANS.publish(this.#topic), {
          kind: 'producer',
          parent: context,
          links,
          startMs: sinceMs,
          attributes: { ...this.#messaging(OPERATIONS.publish), ...attributes },
        })
        ?.end()
    }
    this.#request?.end()
  }

  /** Kafka may or may not have the events; they will be sent again. */
  failed(error: unknown): void {
    this.#request?.end(error)
  }

  #messaging(operation: string): Attributes {
    return {
      [ATTRIBUTES.messagingSystem]: SYSTEMS.kafka,
      [ATTRIBUTES.messagingDestination]: this.#topic,
      [ATTRIBUTES.messagingOperation]: operation,
      [ATTRIBUTES.messagingOperationType]: OPERATIONS.send,
    }
  }
}

function tracedOf({ lane, firstSeq, traces }: EventRun, partitions: number): readonly Traced[] {
  if (traces === undefined) return []
  return [...traces.contexts].map(([index, context]) => ({
    context,
    sinceMs: traces.sinceMs,
    attributes: {
      [ATTRIBUTES.messagingPartition]: String(partitionOfLane(lane, partitions)),
      [ATTRIBUTES.lane]: lane,
      [ATTRIBUTES.seq]: firstSeq + BigInt(index),
    },
  }))
}
