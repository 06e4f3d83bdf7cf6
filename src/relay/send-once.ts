import { endOfRun, type EventRun } from '../events/event-run.ts'
import type { Position } from '../terms/position.ts'
import type { LaneQueue } from './lane-queue.ts'
import type { RelayOptions } from './relay-options.ts'

const EVENTS_PER_SEND = 4_000

/** The events of one lane in one send. */
interface LaneSend {
  readonly queue: LaneQueue
  readonly runs: readonly EventRun[]
  readonly count: number
  readonly to: Position
}

/** Sends the first events of each of these lanes. Returns their number, or undefined if Kafka did not accept them. */
export async function sendOnce(
  queues: readonly LaneQueue[],
  { publisher, log, metrics }: Pick<RelayOptions, 'publisher' | 'log' | 'metrics'>,
): Promise<number | undefined> {
  const waiting = queues.filter(queue => queue.length > 0)
  if (waiting.length === 0) return 0
  const share = Math.max(1, Math.floor(EVENTS_PER_SEND / waiting.length))
  const sends = waiting.map(queue => toSend(queue, share))
  try {
    await publisher.publish(sends.flatMap(({ runs }) => runs))
  } catch (err) {
    metrics.relayRetried()
    log.warn({ err }, 'relay: Kafka does not accept the events, trying again')
    return undefined
  }
  for (const { queue, count, to } of sends) {
    metrics.published(queue.lane, count)
    queue.done(count, to)
  }
  return sends.reduce((sum, { count }) => sum + count, 0)
}

function toSend(queue: LaneQueue, limit: number): LaneSend {
  const runs = queue.first(limit)
  return { queue, runs, count: runs.reduce((sum, { pings }) => sum + pings.length, 0), to: endOfRun(runs.at(-1)!) }
}
