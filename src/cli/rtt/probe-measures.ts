import { ProbeOrder } from './probe-order.ts'
import type { Answer, Fate, Probe } from './probe.ts'
import type { Measure } from './statistics.ts'
import { Tallies, type Tally } from './tally.ts'

/** Called for each latency, from when the probe was due. */
export type OnMeasured = (measure: Measure, probe: Probe, ms: number) => void

/** What is measured of probes, next to their sessions: times, order, content, and numbers. It notes them in the probe. */
export class ProbeMeasures {
  readonly #onMeasured: OnMeasured
  readonly #order = new ProbeOrder()
  readonly #tallies = new Tallies()

  constructor(onMeasured: OnMeasured) {
    this.#onMeasured = onMeasured
  }

  /** The number of probes of which it is not decided what became of them. */
  get open(): number {
    return this.#tallies.open
  }

  tally(): Tally {
    return this.#tallies.tally()
  }

  due(): void {
    this.#tallies.count('due')
    this.#tallies.move(undefined, 'open')
  }

  sent(probe: Probe, atMs: number): void {
    probe.sentMs = atMs
    this.#tallies.count('sent')
  }

  acked(probe: Probe, atMs: number): void {
    probe.ackMs = atMs
    this.#tallies.count('acked')
    this.#onMeasured('ack', probe, atMs - probe.dueMs)
  }

  /** The first time only. */
  echoed(probe: Probe, atMs: number): void {
    probe.echoMs = atMs
    this.#tallies.count('echoed')
    this.#onMeasured('echo', probe, atMs - probe.dueMs)
    if (this.#order.isBehind(`p${probe.partition}`, probe.seq)) this.#reordered(probe)
  }

  /** The first answer of a server only. */
  answered(probe: Probe, { atMs, heldMs, from }: Answer): void {
    const latencyMs = atMs - probe.dueMs
    this.#onMeasured('pong', probe, latencyMs)
    this.#onMeasured('road', probe, Math.max(0, latencyMs - heldMs))
    if (probe.askedAgainMs === undefined && this.#order.isBehind(`p${probe.partition} ${from}`, probe.seq)) this.#reordered(probe)
  }

  damaged(probe: Probe): void {
    if (!probe.damaged) this.#tallies.count('damaged')
    probe.damaged = true
  }

  duplicate(): void {
    this.#tallies.count('duplicate')
  }

  forgotten(): void {
    this.#tallies.count('forgotten')
  }

  decide(probe: Probe, fate: Fate): void {
    this.#tallies.move(probe.fate, fate)
    probe.fate = fate
  }

  #reordered(probe: Probe): void {
    if (!probe.reordered) this.#tallies.count('reordered')
    probe.reordered = true
  }
}
