import type { NewPing } from '../terms/ping.ts'
import type { Position } from '../terms/position.ts'
import type { PingEvent } from './event.ts'

/** One or more consecutive events of a lane with the same tag, such as those of one batch. */
export interface EventRun {
  readonly lane: number
  /** Seq of the first event; the others follow without gaps. */
  readonly firstSeq: bigint
  readonly tag: bigint
  /** Tag of the ping before the first; 0 if that has seq 1. */
  readonly previousTag: bigint
  readonly pings: readonly NewPing[]
}

/** The position of a run's last event. */
export function endOfRun({ firstSeq, tag, pings }: EventRun): Position {
  return { seq: firstSeq + BigInt(pings.length - 1), tag }
}

/** The first events of a run, as a run. */
export function firstOfRun(run: EventRun, count: number): EventRun {
  return count >= run.pings.length ? run : { ...run, pings: run.pings.slice(0, count) }
}

/** A run without its first events; at least one event remains. */
export function restOfRun({ lane, firstSeq, tag, pings }: EventRun, count: number): EventRun {
  return { lane, firstSeq: firstSeq + BigInt(count), tag, previousTag: tag, pings: pings.slice(count) }
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
