import type { OutgoingRecord } from '../../src/kafka/partition-choice.ts'
import type { ActionableRow, OutcomeRow } from '../store/outbox.ts'

export interface OutboxTopics {
  readonly actionable: string
  readonly outcomes: string
}

/** What of a row goes into its record. */
export type RecordFields =
  | Pick<ActionableRow, 'kind' | 'resource' | 'commandId' | 'token' | 'leaseMs' | 'payload'>
  | Pick<OutcomeRow, 'kind' | 'resource' | 'commandId' | 'token' | 'event' | 'reason'>

const OUTCOMES: Readonly<Record<OutcomeRow['kind'], readonly [outcome: string, reason?: string]>> = {
  cancelling: ['cancelling', 'the slot is held until the holder confirms, or until its lease ends'],
  finished: ['finished'],
  cancelled: ['cancelled'],
  expired: ['expired', 'the lease ended before the holder finished the command'],
  refusedFull: ['refused', 'the queue of the resource is full'],
  refusedConflict: ['refused', 'the command id belongs to another command'],
  refusedEvent: ['refused'], // with a reason of its own
}

/** The record of a row. Its key is the resource. Readers recognize duplicates by command id, token and outcome. */
export function recordOf(row: RecordFields, topics: OutboxTopics): OutgoingRecord {
  const { resource, commandId, token } = row
  const common = { 'command-id': commandId, ...(token === undefined ? {} : { token: String(token) }) }
  if (row.kind === 'actionable') {
    const lease = row.leaseMs === undefined ? {} : { 'lease-ms': String(row.leaseMs) }
    return { topic: topics.actionable, key: resource, value: row.payload, headers: { ...common, ...lease } }
  }
  const [outcome, reason = row.reason] = OUTCOMES[row.kind]
  const event = row.event === undefined ? {} : { event: row.event }
  const headers = { ...common, outcome, ...event, ...(reason === undefined ? {} : { reason }) }
  return { topic: topics.outcomes, key: resource, value: valueOf(headers), headers }
}

/** The headers once more, for people who look at the topic. A record without a value would be a tombstone. */
function valueOf({ 'command-id': commandId, ...others }: Readonly<Record<string, string>>): string {
  return JSON.stringify({ commandId, ...others })
}
