import { readRecords, type FoundRecord } from '../../support/read-topic.ts'
import type { Actionable, Event, History, Outcome, Request } from './history.ts'
import type { SemaphoreTopics } from './topics.ts'

/** Reads all four topics from their beginning to their end. */
export async function readHistory(brokers: string, topics: SemaphoreTopics): Promise<History> {
  const [requests, events, actionable, outcomes] = await Promise.all([
    readRecords(brokers, topics.requests),
    readRecords(brokers, topics.events),
    readRecords(brokers, topics.actionable),
    readRecords(brokers, topics.outcomes),
  ])
  return {
    requests: requests.map(toRequest),
    events: events.map(toEvent),
    actionable: actionable.map(toActionable),
    outcomes: outcomes.filter(record => !isRefusedEvent(record)).map(toOutcome),
  }
}

function toRequest(record: FoundRecord): Request {
  return { ...found(record), place: placeOf(record), priority: Number(header(record, 'priority') ?? 0), value: String(record.value) }
}

function toEvent(record: FoundRecord): Event {
  const event = (header(record, 'event') ?? 'finished') as Event['event']
  return { ...found(record), event, token: tokenOf(record), isImmediate: header(record, 'when') !== 'confirmed' }
}

/** The record as it is; throws if a header that a reader needs is missing. */
export function toActionable(record: FoundRecord): Actionable {
  const token = tokenOf(record)
  if (token === undefined) throw new Error(`a record of an actionable command without a token: ${String(record.key)}`)
  const leaseMs = Number(header(record, 'lease-ms') ?? 0)
  return { ...found(record), place: placeOf(record), value: String(record.value), token, leaseMs }
}

export function toOutcome(record: FoundRecord): Outcome {
  const outcome = header(record, 'outcome') as Outcome['outcome']
  return { ...found(record), outcome, reason: header(record, 'reason') ?? '', token: tokenOf(record) }
}

/** What says only that an event changed nothing says nothing about the command. */
export function isRefusedEvent(record: FoundRecord): boolean {
  return header(record, 'event') !== undefined
}

function found(record: FoundRecord) {
  const commandId = header(record, 'command-id')
  if (commandId === undefined) throw new Error(`a record without a command-id: ${String(record.key)}`)
  return { resource: String(record.key), commandId, appendedMs: Number(record.timestamp) }
}

function placeOf({ partition, offset }: FoundRecord) {
  return { partition, offset: BigInt(offset) }
}

function tokenOf(record: FoundRecord): bigint | undefined {
  const token = header(record, 'token')
  return token === undefined ? undefined : BigInt(token)
}

function header({ headers = {} }: FoundRecord, name: string): string | undefined {
  const value = headers[name]
  return value === undefined ? undefined : String(value)
}
