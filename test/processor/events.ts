import type { LaneBuffer } from '../../processor/lane-buffer.ts'
import type { LaneFlush } from '../../src/counters/flush.ts'
import type { PingEvent } from '../../src/events/event.ts'
import { PartitionOffsets, type OpenRecord } from '../../src/kafka/offsets.ts'
import { START, type Position } from '../../src/terms/position.ts'

const MINUTE_MS = 60_000n

/** The event of a ping in a lane whose every ping n has tag 100 + n, unless said otherwise. */
export function event(seq: number, more: Partial<PingEvent> = {}): PingEvent {
  return {
    id: `00000000-0000-7000-8000-${String(seq).padStart(12, '0')}`,
    lane: 0,
    timestampMs: BigInt(seq) * MINUTE_MS,
    seq: BigInt(seq),
    tag: tagOf(seq),
    previousTag: tagOf(seq - 1),
    ...more,
  }
}

export function at(seq: number): Position {
  return { seq: BigInt(seq), tag: tagOf(seq) }
}

function tagOf(seq: number): bigint {
  return seq === 0 ? START.tag : 100n + BigInt(seq)
}

/** A lane's buffer with the records that were given to it. */
export class Feed {
  readonly lane: LaneBuffer
  readonly offsets = new PartitionOffsets()
  #offset = 0

  constructor(lane: LaneBuffer) {
    this.lane = lane
  }

  take(seq: number, more: Partial<PingEvent> = {}): { verdict: string; record: OpenRecord } {
    const record = this.offsets.open(this.#offset++)
    return { verdict: this.lane.accept({ event: event(seq, more), record }), record }
  }
}

/** A flush as one line: from where to where, over which minutes, with which asof. */
export function line({ start, end, minutes, asofMs }: LaneFlush): string {
  const counted = [...minutes].map(([minute, pings]) => `${minute}×${pings}`).join(' ')
  return `${start.seq}→${end.seq} [${counted}] asof ${asofMs ?? '-'}`
}
