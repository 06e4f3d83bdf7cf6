import { Driver, type Entry } from '../../../pong/driver/driver.ts'
import { echoMachine } from '../../../pong/machines/echo.ts'
import { handshakeClientMachine } from '../../../pong/machines/handshake-client.ts'
import type { ActionOf, EventOf } from '../../../pong/machines/machine.ts'
import { pingMachine } from '../../../pong/machines/ping.ts'
import type { Outcome, ProbeEvent } from './probe-events.ts'
import { ProbeMeasures, type OnMeasured } from './probe-measures.ts'
import { newProbe, type Addressees, type Answer, type Fate, type Probe } from './probe.ts'
import type { Tally } from './tally.ts'

export interface SessionsOptions {
  /** Whether the producer gets acks. */
  readonly acks: boolean
  /** Whom the pings are for; undefined: no server is asked, and the echo is the goal. */
  readonly to: Addressees | undefined
  /** Each pong is confirmed by an ack. */
  readonly handshake: boolean
  /** A probe is lost if its goal is not reached this long after it was sent. */
  readonly waitMs: number
  /** How long a probe is remembered after it is over, so that what comes late or again is recognised. */
  readonly graceMs: number
  /** Maximum number of probes that are remembered after they are over. */
  readonly maxKept: number
  readonly onMeasured: OnMeasured
}

type RecordEvent = EventOf<typeof echoMachine>
type RecordAction = ActionOf<typeof echoMachine>
type ClientMachine = typeof pingMachine | typeof handshakeClientMachine
type TripEvent = EventOf<ClientMachine>
type TripAction = ActionOf<ClientMachine>
type AnyEntry = Pick<Entry<never, never, Probe>, 'session' | 'table' | 'data'>
type HappensToProbe = Exclude<ProbeEvent, { readonly kind: 'due' | 'leaders' | 'time' }>
type EventOfKind<Kind extends ProbeEvent['kind']> = Extract<ProbeEvent, { readonly kind: Kind }>

const NO_LEADER = 'none' as const

/**
 * The sessions of all probes: events with their times go in, outcomes come out. Each probe has a session of its record (ack and echo), and
 * with --pong one of its round trip, with or without a handshake. The machines of pong/machines decide what an event means, and the driver
 * keeps the sessions and ends them by time. It knows no clock and no client. Events may come in any order: an echo before its ack, an
 * answer before its echo, an answer to a probe that is lost. What comes for a session that is over is counted.
 */
export class ProbeSessions {
  readonly #options: SessionsOptions
  readonly #measures: ProbeMeasures
  readonly #records: Driver<RecordEvent, RecordAction, Probe>
  readonly #trips: Driver<TripEvent, TripAction, Probe>
  #nowMs = 0
  #lastSentMs = -Infinity
  /** Undefined until they are known. */
  #leaders: ReadonlyMap<number, number> | undefined
  #outcomes: Outcome[] = []

  constructor(options: SessionsOptions) {
    this.#options = options
    this.#measures = new ProbeMeasures(options.onMeasured)
    const shared = {
      limitMs: options.waitMs,
      settledMs: options.graceMs,
      maxOpen: Infinity, // the run sends no more than it may
      maxSettled: options.maxKept,
      nowMs: () => this.#nowMs,
      onUnexpected: (name: string, id: string) => void this.#outcomes.push({ kind: 'unexpected', seq: Number(id), name }),
    }
    this.#records = new Driver({ ...shared, perform: (action, { data }) => this.#recordActions[action](data) })
    this.#trips = new Driver({ ...shared, perform: (action, entry) => this.#tripActions[action](entry) })
  }

  /** The number of probes whose goal is not reached and that are not given up. */
  get open(): number {
    return this.#measures.open
  }

  /** True if nothing can change any more but by what comes late. With `all`, no one knows how many answers there will be. */
  get isSettled(): boolean {
    const { to, waitMs } = this.#options
    if (to === 'all' && this.#nowMs <= this.#lastSentMs + waitMs) return false
    return this.#records.openSessions + this.#trips.openSessions === 0
  }

  /** The number of probes in memory. */
  get size(): number {
    const goals = this.#options.to === undefined ? this.#records : this.#trips
    return goals.openSessions + goals.settledSessions
  }

  get hasAcks(): boolean {
    return this.#options.acks
  }

  tally(): Tally {
    return this.#measures.tally()
  }

  take(event: ProbeEvent): readonly Outcome[] {
    this.#outcomes = []
    this.#nowMs = Math.max(this.#nowMs, event.kind === 'answered' ? event.answer.atMs : event.atMs)
    if (event.kind === 'due') this.#due(event)
    else if (event.kind === 'leaders') this.#lead(event)
    else if (event.kind === 'time') this.#passTime()
    else this.#happen(event)
    return this.#outcomes
  }

  #due({ seq, partition, atMs }: EventOfKind<'due'>): void {
    const { to, handshake } = this.#options
    const probe = newProbe(seq, partition, atMs, this.#leaders?.get(partition))
    this.#measures.due()
    this.#records.begin(String(seq), echoMachine, probe)
    if (to !== undefined) this.#trips.begin(String(seq), handshake ? handshakeClientMachine : pingMachine, probe)
  }

  #happen(event: HappensToProbe): void {
    switch (event.kind) {
      case 'sent':
        return this.#sent(event)
      case 'acked':
        return this.#acked(event)
      case 'unacked':
        return this.#unacked(event)
      case 'refused':
        return this.#refused(event)
      case 'echoed':
        return this.#echoed(event)
      case 'answered':
        return this.#answered(event)
      case 'confirmed':
      case 'unconfirmed':
        return this.#fireTrip(event.seq, event.kind)
    }
  }

  #sent({ seq, atMs }: EventOfKind<'sent'>): void {
    const probe = this.#probe(seq)
    if (probe === undefined || probe.sentMs !== undefined) return
    this.#measures.sent(probe, atMs)
    this.#lastSentMs = this.#nowMs
    this.#fireRecord(seq, 'start')
    if (!this.#options.acks) this.#fireRecord(seq, 'unacked')
    this.#fireTrip(seq, 'start')
  }

  #acked({ seq, atMs }: EventOfKind<'acked'>): void {
    const probe = this.#probe(seq)
    if (probe === undefined || probe.ackMs !== undefined) return
    this.#measures.acked(probe, atMs)
    this.#fireRecord(seq, 'acked')
    this.#fireTrip(seq, 'acked')
  }

  #unacked({ seq, reason }: EventOfKind<'unacked'>): void {
    const probe = this.#probe(seq)
    if (probe === undefined) return
    probe.reason ??= reason
    this.#fireRecord(seq, 'unacked')
  }

  /** What is refused after its time is lost, whether or not that was noticed. What was answered is in the topic all the same. */
  #refused({ seq, atMs, reason }: EventOfKind<'refused'>): void {
    const [record, trip] = [this.#records.find(String(seq)), this.#trips.find(String(seq))]
    const probe = record?.data ?? trip?.data
    if (probe === undefined) return
    probe.reason ??= reason
    const isWritten = probe.answers.length > 0
    if (record !== undefined && !isOverdue(record, atMs)) this.#records.fire(record, isWritten ? 'unacked' : 'refused')
    if (trip !== undefined && !isOverdue(trip, atMs)) this.#trips.fire(trip, 'refused')
  }

  #echoed({ seq, atMs, attempt, intact }: EventOfKind<'echoed'>): void {
    const record = this.#records.find(String(seq))
    if (record === undefined) return this.#forgotten(seq, 'echo')
    const probe = record.data
    if (!intact) this.#measures.damaged(probe)
    if (attempt > 1) return // the goal of the second ping is its answer
    if (probe.echoMs === undefined) this.#measures.echoed(probe, atMs)
    this.#records.fire(record, isOverdue(record, atMs) ? 'late' : 'echo')
  }

  #answered({ seq, answer }: EventOfKind<'answered'>): void {
    const trip = this.#trips.find(String(seq))
    if (trip === undefined) return this.#forgotten(seq, 'pong')
    const probe = trip.data
    if (!answer.intact) this.#measures.damaged(probe)
    probe.answers.push(answer)
    if (!this.#isRepeat(probe)) this.#measures.answered(probe, answer)
    const isPartial = this.#missing(probe).length > 0
    this.#trips.fire(trip, isPartial ? 'partial' : isOverdue(trip, answer.atMs) ? 'late' : 'pong')
  }

  #forgotten(seq: number, what: 'echo' | 'pong'): void {
    this.#measures.forgotten()
    this.#outcomes.push({ kind: 'forgotten', seq, what })
  }

  /** Of the record: the goal without a server. */
  readonly #recordActions: { readonly [A in RecordAction]: (probe: Probe) => void } = {
    send: () => undefined,
    answer: probe => this.#asGoal(probe, 'inTime'),
    finish: probe => this.#sayIfDone(probe),
    repeat: probe => this.#again(probe, this.#nowMs, undefined),
    late: probe => this.#asGoal(probe, 'late'),
    lose: probe => {
      this.#asGoal(probe, 'lost')
      this.#sayIfDone(probe)
    },
    refuse: probe => this.#asGoal(probe, 'refused'),
    forget: () => undefined,
  }

  /** Of the round trip. */
  readonly #tripActions: { readonly [A in TripAction]: (entry: Entry<TripEvent, TripAction, Probe>) => void } = {
    send: ({ data, session }) => {
      if (session.attempt > 1) this.#outcomes.push({ kind: 'ask', probe: data }) // the first one is sent as soon as it is due
    },
    collect: ({ data }) => this.#sayAnswer(data),
    answer: ({ data }) => {
      this.#sayAnswer(data)
      this.#decide(data, 'inTime')
      this.#sayIfDone(data)
    },
    repeat: ({ data }) => this.#sayAnswer(data),
    late: ({ data }) => {
      this.#sayAnswer(data)
      this.#decide(data, 'late')
    },
    confirm: ({ data }) => this.#outcomes.push({ kind: 'confirm', probe: data, answer: data.answers.at(-1)! }),
    lose: entry => {
      this.#decide(entry.data, 'lost')
      if (this.#options.to !== 'one') return
      entry.data.askedAgainMs = this.#nowMs
      this.#trips.fire(entry, 'ask')
    },
    abandon: ({ data }) => this.#outcomes.push({ kind: 'unanswered', probe: data }),
    refuse: ({ data }) => this.#decide(data, 'refused'),
    forget: () => undefined,
  }

  /** What became of the record is what became of the probe, if no server is asked. */
  #asGoal(probe: Probe, fate: Fate): void {
    if (this.#options.to === undefined) this.#decide(probe, fate)
  }

  #decide(probe: Probe, fate: Fate): void {
    this.#measures.decide(probe, fate)
    if (fate === 'late' || fate === 'refused') this.#outcomes.push({ kind: fate, probe })
    if (fate === 'lost') this.#outcomes.push({ kind: fate, probe, missing: this.#missing(probe) })
  }

  /** The last answer: one of several, or a repeat. The answer of one server is part of what is said when the probe is done. */
  #sayAnswer(probe: Probe): void {
    const answer = probe.answers.at(-1)!
    if (this.#isRepeat(probe)) return this.#again(probe, answer.atMs, answer)
    if (this.#options.to !== 'one') this.#outcomes.push({ kind: 'answer', probe, answer })
  }

  /** The second of two pings has an answer of its own. */
  #again(probe: Probe, atMs: number, answer: Answer | undefined): void {
    const isAsked = answer !== undefined && probe.askedAgainMs !== undefined && probe.answers.length === 2
    if (!isAsked) this.#measures.duplicate()
    this.#outcomes.push({ kind: 'again', probe, atMs, answer, isAsked })
  }

  /** Called when the goal is reached and when the session of the record ends: only the later call has something to say. */
  #sayIfDone(probe: Probe): void {
    const { to, acks } = this.#options
    if (probe.fate !== 'inTime' || (to !== undefined && to !== 'one')) return
    const record = this.#records.find(String(probe.seq))
    if (record !== undefined && isOpen(record)) return
    const isAckOver = !acks || probe.ackMs !== undefined || probe.reason !== undefined
    this.#outcomes.push({ kind: 'done', probe, isWhole: isAckOver && probe.echoMs !== undefined })
  }

  /** Whether the last answer is a further one of the same server, or of any if one server was asked. */
  #isRepeat({ answers }: Probe): boolean {
    const before = answers.slice(0, -1)
    return this.#options.to === 'one' ? before.length > 0 : before.some(({ from }) => from === answers.at(-1)!.from)
  }

  /** What is missing of the goal: names of servers, or `pong` or `echo`. */
  #missing({ answers, echoMs }: Probe): readonly string[] {
    const { to } = this.#options
    if (to === undefined) return echoMs === undefined ? ['echo'] : []
    if (to === 'one' || to === 'all') return answers.length === 0 ? ['pong'] : []
    return to.filter(name => !answers.some(({ from }) => from === name))
  }

  #passTime(): void {
    this.#records.tick()
    this.#trips.tick()
  }

  #lead({ leaders }: EventOfKind<'leaders'>): void {
    const before = this.#leaders
    this.#leaders = leaders
    if (!before) return
    for (const partition of new Set([...before.keys(), ...leaders.keys()])) {
      const [from, to] = [before.get(partition) ?? NO_LEADER, leaders.get(partition) ?? NO_LEADER]
      if (from === to) continue
      this.#outcomes.push({ kind: 'leaderMoved', partition, from, to })
      for (const probe of this.#openProbes()) if (probe.partition === partition) probe.movedTo = to
    }
  }

  *#openProbes(): Generator<Probe> {
    yield* this.#records.openData()
    yield* this.#trips.openData()
  }

  #probe(seq: number): Probe | undefined {
    return (this.#trips.find(String(seq)) ?? this.#records.find(String(seq)))?.data
  }

  #fireRecord(seq: number, event: RecordEvent): void {
    const entry = this.#records.find(String(seq))
    if (entry !== undefined) this.#records.fire(entry, event)
  }

  #fireTrip(seq: number, event: TripEvent): void {
    const entry = this.#trips.find(String(seq))
    if (entry !== undefined) this.#trips.fire(entry, event)
  }
}

function isOpen({ table, session }: AnyEntry): boolean {
  return table.states[session.state]!.kind === 'open'
}

/** The time-out is due, but was not noticed yet. */
function isOverdue(entry: AnyEntry, atMs: number): boolean {
  return isOpen(entry) && atMs > entry.session.deadlineMs
}
