import type { OutgoingRecord } from '../../src/kafka/partition-choice.ts'
import type { OutboxMove, OutboxPosition, OutboxRow } from '../store/outbox.ts'

/** A record that is to be published. */
export interface QueuedRecord extends OutboxPosition {
  readonly record: OutgoingRecord
}

/** The outboxes of all lanes, as one Postgres session sees them. Any method rejects when the session has ended: its locks are lost then. */
export interface Outbox {
  /** The published positions, by lane. */
  positions(): Promise<ReadonlyMap<number, OutboxPosition>>
  /** Takes the free relay locks among these lanes; returns the lanes of the locks. They end with the session. */
  takeLocks(lanes: readonly number[]): Promise<readonly number[]>
  /**
   * The first records after each lane's position, at most `limit` a lane, by lane; undefined if the position is not in the lane's
   * history. Fewer than `limit` may mean that the others are large: a lane is read to its end only if there are none.
   */
  recordsAfter(
    starts: ReadonlyMap<number, OutboxPosition>,
    limit: number,
  ): Promise<ReadonlyMap<number, readonly QueuedRecord[] | undefined>>
  /** The records of rows that were handed over. */
  queued(rows: readonly OutboxRow[]): readonly QueuedRecord[]
  /** Moves positions by compare-and-set, and removes the rows up to them. Returns the lanes that were moved. */
  movePublished(moves: readonly OutboxMove[]): Promise<ReadonlySet<number>>
  /** Lets the sessions of other instances know that rows were committed. */
  announce(): Promise<void>
  /** Ends the session. */
  end(): Promise<void>
}
