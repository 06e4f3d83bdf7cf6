import type { OutgoingRecord } from '../../src/kafka/partition-choice.ts'
import type { Logger } from '../../src/runtime/logger.ts'
import type { Outbox } from './outbox.ts'

/** The metrics that the relay needs. */
export interface RelayMetrics {
  /** Kafka acknowledged this number of records of one send. */
  sent(records: number, seconds: number): void
  /** How many lanes this instance publishes. */
  lanesHeld(lanes: number): void
  /** A send to Kafka or a move of a position failed and is retried. */
  relayRetried(): void
}

export interface RelayOptions {
  /** Opens a session with Postgres, which calls `onAnnounced` when another instance has committed rows. */
  readonly openOutbox: (onAnnounced: () => void) => Promise<Outbox>
  readonly publisher: { publish(records: readonly OutgoingRecord[]): Promise<void>; stop(): Promise<void> }
  readonly log: Logger
  readonly metrics: RelayMetrics
  /** How often rows are looked for that another instance has committed without announcing them. */
  readonly pollMs: number
}
