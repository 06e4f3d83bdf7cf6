import type { HeldLanes } from './held-lanes.ts'
import type { RelayOptions } from './relay-options.ts'

/** Of one send, over all lanes. A topic takes a megabyte a partition by default. */
const BYTES_PER_SEND = 512 * 1024

/** Sends the first rows of each queue. Returns their number, or undefined if Kafka did not accept them. */
export async function sendOnce(
  held: Pick<HeldLanes, 'queues'>,
  { publisher, log, metrics }: Pick<RelayOptions, 'publisher' | 'log' | 'metrics'>,
): Promise<number | undefined> {
  const waiting = held.queues.filter(({ length }) => length > 0)
  if (waiting.length === 0) return 0
  const share = Math.floor(BYTES_PER_SEND / waiting.length)
  const sends = waiting.map(queue => ({ queue, rows: queue.first(share) }))
  const records = sends.flatMap(({ rows }) => rows.map(({ record }) => record))
  const startedMs = performance.now()
  try {
    await publisher.publish(records)
  } catch (err) {
    metrics.relayRetried()
    log.warn({ err }, 'relay: Kafka does not accept the records, trying again')
    return undefined
  }
  metrics.sent(records.length, (performance.now() - startedMs) / 1_000)
  for (const { queue, rows } of sends) queue.done(rows.length)
  return records.length
}
