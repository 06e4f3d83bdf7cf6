import { wait } from '../../runtime/wait.ts'
import type { Interrupt } from '../interrupt.ts'
import type { PartitionTurns } from './partition-turns.ts'
import type { Outcome, ProbeEvent } from './probe-events.ts'
import type { OutgoingProbe, ProbeMessages } from './probe-messages.ts'
import type { SendOutcome } from './probe-sender.ts'
import type { ProbeSessions } from './probe-sessions.ts'
import type { Schedule } from './schedule.ts'
import { waitForDue } from './wait-for-due.ts'

export interface RttRunOptions {
  readonly sessions: ProbeSessions
  readonly schedule: Schedule
  readonly turns: PartitionTurns
  readonly messages: ProbeMessages
  readonly interrupt: Interrupt
  readonly send: (record: OutgoingProbe) => Promise<SendOutcome>
  readonly onOutcome: (outcome: Outcome) => void
}

/** How exactly a time-out is noticed. */
const TICK_MS = 20
/** Beyond this number of open probes, those that are due wait until others are over. */
const MAX_OPEN = 10_000
/** What comes again comes soon after. */
const LINGER_MS = 50

/** Sends the probes when they are due, and passes everything that happens to their sessions. */
export class RttRun {
  readonly #options: RttRunOptions
  #seq = 0
  /** Resolves at the next outcome: a probe may be over. */
  #change = Promise.withResolvers<void>()

  constructor(options: RttRunOptions) {
    this.#options = options
  }

  /** Until all probes are over, or until the interrupt; called once. */
  async run(): Promise<void> {
    const ticks = setInterval(() => this.take({ kind: 'time', atMs: performance.now() }), TICK_MS)
    try {
      await this.#sendAll()
      await this.#settle()
    } finally {
      clearInterval(ticks)
    }
  }

  /** Something has happened to a probe, or to the cluster. */
  take(event: ProbeEvent): void {
    const { sessions, onOutcome } = this.#options
    const outcomes = sessions.take(event)
    for (const outcome of outcomes) {
      onOutcome(outcome)
      if (outcome.kind === 'ask') void this.#send(outcome.probe.seq, outcome.probe.partition, 2)
      if (outcome.kind === 'confirm') void this.#confirm(outcome)
      if (outcome.kind === 'answer' || outcome.kind === 'done' || outcome.kind === 'late') this.#changed()
    }
    if (event.kind === 'answered' || event.kind === 'time' || event.kind === 'echoed') this.#changed()
  }

  async #sendAll(): Promise<void> {
    const { sessions, schedule, interrupt } = this.#options
    while (!schedule.isOver && !interrupt.asked.aborted) {
      const dueMs = sessions.open < MAX_OPEN ? schedule.take(performance.now(), sessions.open) : undefined
      if (dueMs !== undefined) this.#sendRound(dueMs)
      else if (schedule.nextMs !== undefined && sessions.open < MAX_OPEN) await waitForDue(schedule.nextMs, interrupt.asked)
      else await this.#nextChange()
    }
  }

  #sendRound(dueMs: number): void {
    for (const partition of this.#options.turns.next()) {
      const seq = ++this.#seq
      this.take({ kind: 'due', seq, partition, atMs: dueMs })
      void this.#send(seq, partition, 1)
    }
  }

  async #send(seq: number, partition: number, attempt: number): Promise<void> {
    const { messages, send } = this.#options
    const record = messages.probe(seq, partition, attempt)
    if (attempt === 1) this.take({ kind: 'sent', seq, atMs: performance.now() })
    const outcome = await send(record)
    const atMs = performance.now()
    if (attempt > 1) return
    if (outcome === 'acked') this.#acked(seq, atMs)
    else if (outcome.kind === 'unknown') this.take({ kind: 'unacked', seq, atMs, reason: outcome.reason })
    else this.take({ kind: 'refused', seq, atMs, reason: outcome.reason })
  }

  #acked(seq: number, atMs: number): void {
    if (this.#options.sessions.hasAcks) this.take({ kind: 'acked', seq, atMs })
  }

  /** Confirms to the server that its reply arrived. */
  async #confirm({ probe: { seq, partition }, answer }: Extract<Outcome, { readonly kind: 'confirm' }>): Promise<void> {
    const { messages, send } = this.#options
    const outcome = await send(messages.confirmation(seq, partition, answer.from))
    this.take({ kind: outcome === 'acked' ? 'confirmed' : 'unconfirmed', seq, atMs: performance.now() })
  }

  /** After an interrupt no longer than its grace time. */
  async #settle(): Promise<void> {
    const { sessions, interrupt } = this.#options
    while (!(interrupt.asked.aborted ? sessions.open === 0 : sessions.isSettled) && !interrupt.forced.aborted)
      await wait(TICK_MS, interrupt.forced)
    await wait(LINGER_MS, interrupt.forced)
  }

  #changed(): void {
    this.#change.resolve()
    this.#change = Promise.withResolvers()
  }

  async #nextChange(): Promise<void> {
    await this.#change.promise
  }
}
