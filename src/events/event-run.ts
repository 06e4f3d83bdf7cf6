import type { NewPing } from '../terms/ping.ts'
import type { Position } from '../terms/position.ts'
import type { SpanContext } from '../tracing/trace-context.ts'
import type { PingEvent } from './event.ts'

/** The pings of a run whose traces are recorded: very few, unless every trace is. */
export interface RunTraces {
  /** When the recorder handed the pings over, in ms since the Unix epoch. */
  readonly sinceMs: number
  /** By the index in `pings`. */
  readonly contexts: ReadonlyMap<number, SpanContext>
}

/** One or more consecutive events of a lane with the same tag, such as those of one batch. */
export interface EventRun {
  readonly lane: number
  /** Seq of the first event; the others follow without gaps. */
  readonly firstSeq: bigint
  readonly tag: bigint
  /** Tag of the ping before the first; 0 if that has seq 1. */
  readonly previousTag: bigint
  readonly pings: readonly NewPing[]
  readonly traces?: RunTraces | undefined
}

/** The position of a run's last event. */
export function endOfRun({ firstSeq, tag, pings }: EventRun): Position {
  return { seq: firstSeq + BigInt(pings.length - 1), tag }
}

/** The first events of a run, as a run. */
export function firstOfRun(run: EventRun, count: number): EventRun {
  return count >= run.pings.length ? run : { ...run, pings: run.pings.slice(0, count), traces: tracesBetween(run.traces, 0, count) }
}

/** A run without its first events; at least one event remains. */
export function restOfRun({ lane, firstSeq, tag, pings, traces }: EventRun, count: number): EventRun {
  const rest = tracesBetween(traces, count, pings.length)
  return { lane, firstSeq: firstSeq + BigInt(count), tag, previousTag: tag, pings: pings.slice(count), traces: rest }
}

function tracesBetween(traces: RunTraces | undefined, from: number, to: number): RunTraces | undefined {
  if (traces === undefined) return undefined
  const kept = [...traces.contexts].filter(([index]) => index >= from && index < to)
  if (kept.length === 0) return undefined
  return { sinceMs: traces.sinceMs, contexts: new Map(kept.map(([index, context]) => [index - from, context])) }
}

/** A run's events one by one. */
export function eventsOfRun({ lane, firstSeq, tag, previousTag, pings }: EventRun): readonly PingEvent[] {
  return pings.map(({ id, timestampMs }, index) => ({
    id,
    timestampMs,
    lane,
    seq: firstSeq + BigInt(index),
    tag,
    previousTag: index === 0 ? previousTag : tag,
  }))
}
