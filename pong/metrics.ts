import { Counter, Gauge, Histogram, type Registry } from 'prom-client'
import { createRegistry } from '../src/runtime/metrics-registry.ts'
import type { AnswererMetrics } from './answerer.ts'

/** What a record of the request topic was. `ignored`: for other servers, or one that the other consumer of this server takes. */
export type RecordKind = 'ping' | 'ack' | 'malformed' | 'ignored'

/** All metrics of a pong server. */
export interface PongMetrics extends AnswererMetrics {
  readonly registry: Registry
  received(kind: RecordKind): void
  /** How long the server had a ping before its reply left. */
  held(seconds: number): void
  replyRetried(): void
  /** `read` is called at every scrape. */
  watchSessions(read: () => { readonly open: number; readonly settled: number }): void
}

const HELD_BUCKETS_S = [0.0001, 0.0002, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.5, 1, 5, 30]

export function createPongMetrics(): PongMetrics {
  const registry = createRegistry()
  const registers = [registry]
  const counter = (name: string, help: string, ...labelNames: string[]) => new Counter({ name, help, labelNames, registers })
  const records = counter('pong_records_total', 'Records of the request topic that were read, by what they were', 'kind')
  const replies = counter('pong_replies_total', 'Replies that Kafka confirmed, by whether they were marked as redelivered', 'redelivered')
  const refused = counter('pong_refused_total', 'Pings that could not be answered, and went to the dead-letter topic')
  const handshakes = counter('pong_handshakes_total', 'Replies with a handshake, by whether the client confirmed them in time', 'outcome')
  const overdue = counter('pong_overdue_total', 'Replies that Kafka did not confirm within the time of a session')
  const unexpected = counter('pong_unexpected_total', 'Events that no row of a state machine expects')
  const stray = counter('pong_stray_total', 'Acks for sessions that were over or never were')
  const retried = counter('pong_reply_retries_total', 'Replies that were sent again because Kafka did not confirm them')
  const held = new Histogram({
    name: 'pong_held_seconds',
    help: 'Time from reading a ping to sending its reply',
    buckets: HELD_BUCKETS_S,
    registers,
  })
  const sessions = (name: string, help: string, read: () => number) => {
    const gauge: Gauge = new Gauge({ name, help, registers, collect: () => gauge.set(read()) })
  }
  return {
    registry,
    received: kind => records.inc({ kind }),
    answered: redelivered => replies.inc({ redelivered: String(redelivered) }),
    refused: () => refused.inc(),
    confirmed: () => handshakes.inc({ outcome: 'confirmed' }),
    missed: () => handshakes.inc({ outcome: 'unconfirmed' }),
    overdue: () => overdue.inc(),
    unexpected: () => unexpected.inc(),
    stray: () => stray.inc(),
    held: seconds => held.observe(seconds),
    replyRetried: () => retried.inc(),
    watchSessions: read => {
      sessions('pong_open_sessions', 'Sessions that count against the maximum; at the maximum, the partitions wait', () => read().open)
      sessions('pong_settled_sessions', 'Sessions that are settled, and remembered to recognize what comes late', () => read().settled)
    },
  }
}
