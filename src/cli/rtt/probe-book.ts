import type { Outcome, ProbeEvent } from './probe-events.ts'
import { ProbeOrder } from './probe-order.ts'
import { newProbe, type Addressees, type Answer, type Fate, type Probe } from './probe.ts'
import type { Measure } from './statistics.ts'
import { Tallies, type Tally } from './tally.ts'

export interface BookOptions {
  /** Whether the producer gets acks. */
  readonly acks: boolean
  /** Whom the pings are for; undefined: no server is asked, and the echo is the goal. */
  readonly to: Addressees | undefined
  /** A probe is lost if its goal is not reached this long after it was sent. */
  readonly waitMs: number
  /** How long after that a probe is remembered, so that what comes late or again is recognised. */
  readonly graceMs: number
  /** Maximum number of probes that are remembered after they are over. */
  readonly maxKept: number
  /** Called for each latency, from when the probe was due. */
  readonly measured: (measure: Measure, probe: Probe, ms: number) => void
}

type EventOf<Kind extends ProbeEvent['kind']> = Extract<ProbeEvent, { readonly kind: Kind }>

const NO_LEADER = 'none' as const

/**
 * The book of all probes: events with their times go in, outcomes come out. It knows no clock and no client. Events may come in any
 * order: an echo before its ack, an answer before its echo, an answer to a probe that is lost. What is no longer remembered is counted.
 */
export class ProbeBook {
  readonly #options: BookOptions
  readonly #kept = new Map<number, Probe>()
  /** Those that a time-out may still change. */
  readonly #timed = new Map<number, Probe>()
  readonly #order = new ProbeOrder()
  readonly #tallies = new Tallies()
  /** Undefined until they are known. */
  #leaders: ReadonlyMap<number, number> | undefined
  #outcomes: Outcome[] = []

  constructor(options: BookOptions) {
    this.#options = options
  }

  /** The number of probes whose goal is not reached and that are not given up. */
  get open(): number {
    return this.#tallies.open
  }

  /** True if nothing can change any more but by what comes late. */
  get isSettled(): boolean {
    return this.#timed.size === 0
  }

  /** The number of probes in memory. */
  get size(): number {
    return this.#kept.size
  }

  get hasAcks(): boolean {
    return this.#options.acks
  }

  /** Undefined if the probe is not remembered. */
  partitionOf(seq: number): number | undefined {
    return this.#kept.get(seq)?.partition
  }

  tally(): Tally {
    return this.#tallies.tally()
  }

  take(event: ProbeEvent): readonly Outcome[] {
    this.#outcomes = []
    if (event.kind === 'due') this.#due(event)
    else if (event.kind === 'leaders') this.#lead(event)
    else if (event.kind === 'time') this.#passTime(event.atMs)
    else this.#happen(event)
    return this.#outcomes
  }

  #due({ seq, partition, atMs }: EventOf<'due'>): void {
    const probe = newProbe(seq, partition, atMs, this.#leaders?.get(partition))
    this.#kept.set(seq, probe)
    this.#timed.set(seq, probe)
    this.#tallies.count('due')
    this.#tallies.move(undefined, 'open')
  }

  #happen(event: Exclude<ProbeEvent, { readonly kind: 'due' | 'leaders' | 'time' }>): void {
    const probe = this.#kept.get(event.seq)
    if (!probe) return this.#forgotten(event)
    switch (event.kind) {
      case 'sent':
        return this.#sent(probe, event)
      case 'acked':
        return this.#acked(probe, event)
      case 'unacked':
        probe.reason ??= event.reason
        return this.#settle(probe, event.atMs)
      case 'refused':
        return this.#refused(probe, event)
      case 'echoed':
        return this.#echoed(probe, event)
      case 'answered':
        return this.#answered(probe, event.answer)
    }
  }

  #forgotten({ kind, seq }: ProbeEvent & { readonly seq: number }): void {
    if (kind !== 'echoed' && kind !== 'answered') return
    this.#tallies.count('forgotten')
    this.#outcomes.push({ kind: 'forgotten', seq, what: kind === 'echoed' ? 'echo' : 'pong' })
  }

  #sent(probe: Probe, { atMs }: EventOf<'sent'>): void {
    if (probe.sentMs !== undefined) return
    probe.sentMs = atMs
    this.#tallies.count('sent')
  }

  #acked(probe: Probe, { atMs }: EventOf<'acked'>): void {
    if (probe.ackMs !== undefined) return
    probe.ackMs = atMs
    this.#tallies.count('acked')
    this.#options.measured('ack', probe, atMs - probe.dueMs)
    this.#settle(probe, atMs)
  }

  #refused(probe: Probe, { atMs, reason }: EventOf<'refused'>): void {
    probe.reason ??= reason
    if (probe.fate !== 'open' || atMs > this.#deadline(probe)) return // it is lost, whether or not that was noticed
    this.#decide(probe, 'refused')
    this.#timed.delete(probe.seq)
    this.#outcomes.push({ kind: 'refused', probe })
  }

  #echoed(probe: Probe, { atMs, attempt, intact }: EventOf<'echoed'>): void {
    if (!intact) this.#damaged(probe)
    if (attempt > 1) return // the goal of the second ping is its answer
    if (probe.echoMs !== undefined) return this.#again(probe, atMs, undefined)
    probe.echoMs = atMs
    this.#tallies.count('echoed')
    this.#options.measured('echo', probe, atMs - probe.dueMs)
    if (this.#order.isBehind(`p${probe.partition}`, probe.seq)) this.#reordered(probe)
    this.#settle(probe, atMs)
  }

  #answered(probe: Probe, answer: Answer): void {
    const { to, measured } = this.#options
    const isRepeat = to === 'one' ? probe.answers.length > 0 : probe.answers.some(({ from }) => from === answer.from)
    if (!answer.intact) this.#damaged(probe)
    probe.answers.push(answer)
    if (isRepeat) return this.#again(probe, answer.atMs, answer)
    const latencyMs = answer.atMs - probe.dueMs
    measured('pong', probe, latencyMs)
    measured('road', probe, Math.max(0, latencyMs - answer.heldMs))
    if (probe.askedAgainMs === undefined && this.#order.isBehind(`p${probe.partition} ${answer.from}`, probe.seq)) this.#reordered(probe)
    if (to !== 'one') this.#outcomes.push({ kind: 'answer', probe, answer })
    this.#settle(probe, answer.atMs)
  }

  /** The second of two pings has an answer of its own. */
  #again(probe: Probe, atMs: number, answer: Answer | undefined): void {
    const isAsked = answer !== undefined && probe.askedAgainMs !== undefined && probe.answers.length === 2
    if (!isAsked) this.#tallies.count('duplicate')
    this.#outcomes.push({ kind: 'again', probe, atMs, answer, isAsked })
  }

  #reordered(probe: Probe): void {
    if (!probe.reordered) this.#tallies.count('reordered')
    probe.reordered = true
  }

  #damaged(probe: Probe): void {
    if (!probe.damaged) this.#tallies.count('damaged')
    probe.damaged = true
  }

  #settle(probe: Probe, atMs: number): void {
    const isReached = this.#missing(probe).length === 0
    if (isReached && probe.fate !== 'inTime' && probe.fate !== 'late') {
      const isLate = probe.fate !== 'open' || atMs > this.#deadline(probe)
      this.#decide(probe, isLate ? 'late' : 'inTime')
      if (isLate) this.#outcomes.push({ kind: 'late', probe })
      if (isLate) this.#timed.delete(probe.seq)
    }
    if (probe.fate === 'inTime' && this.#isWhole(probe)) this.#done(probe, true)
  }

  /** Once a probe. With `all`, nobody knows how many answers there will be. */
  #done(probe: Probe, isWhole: boolean): void {
    if (!this.#timed.has(probe.seq) || (isWhole && this.#options.to === 'all')) return
    this.#timed.delete(probe.seq)
    const isSaid = this.#options.to === undefined || this.#options.to === 'one'
    if (isSaid) this.#outcomes.push({ kind: 'done', probe, isWhole })
  }

  #isWhole(probe: Probe): boolean {
    const isAckOver = !this.#options.acks || probe.ackMs !== undefined || probe.reason !== undefined
    return isAckOver && probe.echoMs !== undefined && this.#missing(probe).length === 0
  }

  /** What is missing of the goal: names of servers, or `pong` or `echo`. */
  #missing({ answers, echoMs }: Probe): readonly string[] {
    const { to } = this.#options
    if (to === undefined) return echoMs === undefined ? ['echo'] : []
    if (to === 'one' || to === 'all') return answers.length === 0 ? ['pong'] : []
    return to.filter(name => !answers.some(({ from }) => from === name))
  }

  #decide(probe: Probe, fate: Fate): void {
    this.#tallies.move(probe.fate, fate)
    probe.fate = fate
  }

  #deadline(probe: Probe): number {
    return (probe.askedAgainMs ?? probe.sentMs ?? probe.dueMs) + this.#options.waitMs
  }

  #passTime(atMs: number): void {
    for (const probe of this.#timed.values()) if (atMs > this.#deadline(probe)) this.#giveUp(probe, atMs)
    const { graceMs, maxKept } = this.#options
    for (const [seq, probe] of this.#kept) {
      if (this.#timed.has(seq)) continue // it keeps none of those after it
      if (this.#kept.size <= maxKept && atMs <= this.#deadline(probe) + graceMs) return
      this.#kept.delete(seq)
    }
  }

  #giveUp(probe: Probe, atMs: number): void {
    if (probe.fate === 'inTime') return this.#endWaiting(probe)
    if (probe.fate === 'lost') {
      this.#timed.delete(probe.seq)
      this.#outcomes.push({ kind: 'unanswered', probe })
      return
    }
    this.#decide(probe, 'lost')
    this.#outcomes.push({ kind: 'lost', probe, missing: this.#missing(probe) })
    if (this.#options.to === 'one') {
      probe.askedAgainMs = atMs
      this.#outcomes.push({ kind: 'ask', probe })
    } else this.#timed.delete(probe.seq)
  }

  #endWaiting(probe: Probe): void {
    this.#done(probe, false)
    this.#timed.delete(probe.seq)
  }

  #lead({ leaders }: EventOf<'leaders'>): void {
    const before = this.#leaders
    this.#leaders = leaders
    if (!before) return
    for (const partition of new Set([...before.keys(), ...leaders.keys()])) {
      const [from, to] = [before.get(partition) ?? NO_LEADER, leaders.get(partition) ?? NO_LEADER]
      if (from === to) continue
      this.#outcomes.push({ kind: 'leaderMoved', partition, from, to })
      for (const probe of this.#timed.values()) if (probe.partition === partition) probe.movedTo = to
    }
  }
}
