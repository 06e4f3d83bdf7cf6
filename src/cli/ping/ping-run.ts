import { uuidV7 } from '../../runtime/uuid-v7.ts'
import { wait } from '../../runtime/wait.ts'
import { callUntilAnswered } from '../client/call-until-answered.ts'
import type { PingClient } from '../client/ping-client.ts'
import { CliError } from '../exit-codes.ts'
import type { Interrupt } from '../interrupt.ts'
import { Latencies, type LatencySummary } from '../load/latencies.ts'
import type { Progress } from '../output/progress-bar.ts'

export interface RunPlan {
  readonly pings: number
  /** The id of the one ping; undefined: a UUIDv7 for each. */
  readonly id: string | undefined
  /** Undefined: the server's clock. */
  readonly timestampMs: bigint | undefined
  /** Calls under way at the same time, at most. */
  readonly concurrency: number
  /** Pings started per second, at most; undefined: as fast as the answers come. */
  readonly perSecond: number | undefined
  /** For one ping with all its tries. */
  readonly timeoutMs: number
}

/** A ping that was sent and not acknowledged: it may be recorded or not; the same id again settles it. */
export interface OpenPing {
  readonly id: string
  readonly error: CliError
}

export interface RunResult {
  readonly acked: number
  readonly open: readonly OpenPing[]
  /** Tries beyond each ping's first. */
  readonly retries: number
  readonly elapsedMs: number
  /** To a ping's ack: with a rate from when the ping was due, else from its first try. */
  readonly latencyMs: LatencySummary | undefined
  /** With a rate: from a ping's first try to its ack. */
  readonly sentLatencyMs: LatencySummary | undefined
}

/** An acknowledged ping. */
export interface Ack {
  readonly id: string
  readonly tries: number
  /** From the first try to the ack. */
  readonly latencyMs: number
}

export interface RunCalls {
  readonly client: PingClient
  readonly interrupt: Interrupt
  /** Called for each acknowledged ping. */
  readonly onAck: (ack: Ack) => void
}

/**
 * Sends pings until all are acknowledged. The first that is not (its time over, or refused) ends the run: no new ones
 * are started, those under way are still waited for. An interrupt does the same.
 */
export class PingRun {
  readonly #plan: RunPlan
  readonly #calls: RunCalls
  readonly #latencies = new Latencies()
  readonly #sentLatencies = new Latencies()
  readonly #open: OpenPing[] = []
  readonly #failed = new AbortController()
  /** Start nothing new from then on. */
  readonly #ended: AbortSignal
  readonly #begin = performance.now()
  #started = 0
  #acked = 0
  #retries = 0

  constructor(plan: RunPlan, calls: RunCalls) {
    this.#plan = plan
    this.#calls = calls
    this.#ended = AbortSignal.any([calls.interrupt.asked, this.#failed.signal])
  }

  /** To be called once. */
  async run(): Promise<RunResult> {
    const workers = Math.min(this.#plan.concurrency, this.#plan.pings)
    await Promise.all(Array.from({ length: workers }, () => this.#work()))
    const { done, elapsedMs } = this.progress()
    return {
      acked: done,
      open: this.#open,
      retries: this.#retries,
      elapsedMs,
      latencyMs: this.#latencies.summary(),
      sentLatencyMs: this.#sentLatencies.summary(),
    }
  }

  progress(): Progress {
    return { done: this.#acked, all: this.#plan.pings, elapsedMs: performance.now() - this.#begin }
  }

  async #work(): Promise<void> {
    const { pings, perSecond, id } = this.#plan
    while (this.#started < pings && !this.#ended.aborted) {
      const index = this.#started++
      const due = perSecond === undefined ? undefined : this.#begin + (index / perSecond) * 1_000
      if (due !== undefined) await waitUntil(due, this.#ended)
      if (!this.#ended.aborted) await this.#send(id ?? uuidV7(), due)
    }
  }

  /** A server that stalls keeps later pings from being sent: only from when they were due their wait shows. */
  async #send(id: string, due: number | undefined): Promise<void> {
    const { client, interrupt, onAck } = this.#calls
    const { timestampMs, timeoutMs } = this.#plan
    try {
      const answered = await callUntilAnswered(call => client.ping(id, timestampMs, call), { timeoutMs, interrupt })
      this.#acked++
      this.#retries += answered.tries - 1
      this.#latencies.add(due === undefined ? answered.latencyMs : performance.now() - due)
      if (due !== undefined) this.#sentLatencies.add(answered.latencyMs)
      onAck({ id, tries: answered.tries, latencyMs: answered.latencyMs })
    } catch (error) {
      if (!(error instanceof CliError)) throw error
      this.#open.push({ id, error })
      this.#failed.abort()
    }
  }
}

/** What a Node timer can wait; a longer one would fire at once. */
const LONGEST_WAIT_MS = 2 ** 31 - 1

/** Timers have a resolution of 1 ms; due times are absolute, so the rate holds on average. */
export async function waitUntil(time: number, signal: AbortSignal): Promise<void> {
  for (let ms = time - performance.now(); ms >= 1 && !signal.aborted; ms = time - performance.now())
    await wait(Math.min(ms, LONGEST_WAIT_MS), signal)
}
