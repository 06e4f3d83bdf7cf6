import type { Answer, Probe } from './probe.ts'

/** What happens to probes. `atMs`: performance.now(). */
export type ProbeEvent =
  | { readonly kind: 'due'; readonly seq: number; readonly partition: number; readonly atMs: number }
  | { readonly kind: 'sent'; readonly seq: number; readonly atMs: number }
  | { readonly kind: 'acked'; readonly seq: number; readonly atMs: number }
  /** No ack will come, and the record may or may not be written. */
  | { readonly kind: 'unacked'; readonly seq: number; readonly atMs: number; readonly reason: string }
  /** The record is not written. */
  | { readonly kind: 'refused'; readonly seq: number; readonly atMs: number; readonly reason: string }
  /** The own record was read; `attempt` 2 is that of the ping that was sent once more. */
  | { readonly kind: 'echoed'; readonly seq: number; readonly atMs: number; readonly attempt: number; readonly intact: boolean }
  | { readonly kind: 'answered'; readonly seq: number; readonly answer: Answer }
  /** Kafka has the ack of a pong; or has it not, as far as is known. */
  | { readonly kind: 'confirmed' | 'unconfirmed'; readonly seq: number; readonly atMs: number }
  /** The leaders of the partitions by node id; a partition without an entry has none. */
  | { readonly kind: 'leaders'; readonly atMs: number; readonly leaders: ReadonlyMap<number, number> }
  | { readonly kind: 'time'; readonly atMs: number }

/** What an event means to the user, or asks of the run. */
export type Outcome =
  /** Everything that was expected has arrived; with a time-out, `isWhole` is false: the goal was reached, but an ack or an echo is missing. */
  | { readonly kind: 'done'; readonly probe: Probe; readonly isWhole: boolean }
  /** One of several answers. */
  | { readonly kind: 'answer'; readonly probe: Probe; readonly answer: Answer }
  | { readonly kind: 'lost'; readonly probe: Probe; readonly missing: readonly string[] }
  | { readonly kind: 'late'; readonly probe: Probe }
  | { readonly kind: 'refused'; readonly probe: Probe }
  /** The record was read again, or answered again. `isAsked`: since the ping was sent once more, so it is no duplicate. */
  | { readonly kind: 'again'; readonly probe: Probe; readonly atMs: number; readonly answer: Answer | undefined; readonly isAsked: boolean }
  /** Send the ping once more, with the same correlation id. */
  | { readonly kind: 'ask'; readonly probe: Probe }
  /** Confirm to its server that this answer was received. */
  | { readonly kind: 'confirm'; readonly probe: Probe; readonly answer: Answer }
  /** There is no answer to the second ping either. */
  | { readonly kind: 'unanswered'; readonly probe: Probe }
  /** An own record of a probe that is no longer remembered. */
  | { readonly kind: 'forgotten'; readonly seq: number; readonly what: 'echo' | 'pong' }
  /** No row of a machine expects this event. `name` is the machine, the event and the state. */
  | { readonly kind: 'unexpected'; readonly seq: number; readonly name: string }
  | { readonly kind: 'leaderMoved'; readonly partition: number; readonly from: number | 'none'; readonly to: number | 'none' }
