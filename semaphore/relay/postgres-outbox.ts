import type { Client, ClientConfig } from '../../src/postgres/pg-types.ts'
import { connectClient } from '../store/connect.ts'
import {
  endSessionWhenIdle,
  movePublished,
  readPublished,
  rowsAfter,
  takeRelayLocks,
  type OutboxMove,
  type OutboxPosition,
  type OutboxRow,
} from '../store/outbox.ts'
import type { Outbox, QueuedRecord } from './outbox.ts'
import { recordOf, type OutboxTopics } from './record-of.ts'

/** Without a statement for this long, as when its program is frozen, the session ends and its lanes are free. */
const SESSION_IDLE_MS = 5_000
/** A host that vanishes silently would block the session until TCP gives up. */
const QUERY_TIMEOUT_MS = 15_000
/** Of commands, of one lane and one read. */
const MAX_BYTES = 256 * 1024

/** Of the database. */
const CHANNEL = 'semaphore_outbox'

/** The outboxes in Postgres, over one session that holds the relay locks. */
export class PostgresOutbox implements Outbox {
  readonly #client: Client
  readonly #topics: OutboxTopics

  private constructor(client: Client, topics: OutboxTopics) {
    this.#client = client
    this.#topics = topics
  }

  /** `onAnnounced` is called when another instance has committed rows. */
  static async open(
    postgres: ClientConfig,
    topics: OutboxTopics,
    onAnnounced: () => void,
    sessionIdleMs = SESSION_IDLE_MS,
  ): Promise<PostgresOutbox> {
    const client = await connectClient(postgres, 'semaphore-relay', { queryTimeoutMs: QUERY_TIMEOUT_MS })
    try {
      await endSessionWhenIdle(client, sessionIdleMs)
      // A move that is lost in a crash of Postgres only means that records are sent again.
      await client.query('set synchronous_commit = off')
      client.on('notification', onAnnounced)
      await client.query(`listen ${CHANNEL}`)
      return new PostgresOutbox(client, topics)
    } catch (error) {
      await client.end().catch(() => undefined)
      throw error
    }
  }

  positions(): Promise<ReadonlyMap<number, OutboxPosition>> {
    return readPublished(this.#client)
  }

  takeLocks(lanes: readonly number[]): Promise<readonly number[]> {
    return takeRelayLocks(this.#client, lanes)
  }

  async recordsAfter(
    starts: ReadonlyMap<number, OutboxPosition>,
    limit: number,
  ): Promise<ReadonlyMap<number, readonly QueuedRecord[] | undefined>> {
    const read = await rowsAfter(this.#client, starts, { maxRows: limit, maxBytes: MAX_BYTES })
    return new Map([...read].map(([lane, rows]) => [lane, rows && this.queued(rows)]))
  }

  queued(rows: readonly OutboxRow[]): readonly QueuedRecord[] {
    return rows.map(row => ({ seq: row.seq, tag: row.tag, record: recordOf(row, this.#topics) }))
  }

  movePublished(moves: readonly OutboxMove[]): Promise<ReadonlySet<number>> {
    return movePublished(this.#client, moves)
  }

  async announce(): Promise<void> {
    await this.#client.query(`notify ${CHANNEL}`)
  }

  async end(): Promise<void> {
    await this.#client.end()
  }
}
