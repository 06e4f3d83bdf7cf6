import type { ClientConfig } from '../postgres/pg-types.ts'
import type { Logger } from '../runtime/logger.ts'
import type { Publisher } from './publisher.ts'

/** The metrics that the relay needs. */
export interface RelayMetrics {
  /** Rows of a lane that Kafka acknowledged. */
  published(lane: number, rows: number): void
  /** Rows of a lane above its published position. */
  publishLag(lane: number, rows: number): void
  /** Rows of a lane above its folded position. */
  foldLag(lane: number, rows: number): void
  /** How many lanes this server publishes. */
  lanesHeld(lanes: number): void
  /** A send to Kafka or a move of a position failed and is retried. */
  relayRetried(): void
}

export interface RelayOptions {
  readonly postgres: ClientConfig
  readonly publisher: Publisher
  readonly log: Logger
  readonly metrics: RelayMetrics
  /** Minimum time between two sends, because many small ones cost much more than few large ones. */
  readonly lingerMs: number
  /** How often the heads are checked for rows that were not handed over. */
  readonly pollMs: number
}
