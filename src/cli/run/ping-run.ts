import { create } from '@bufbuild/protobuf'
import type { CallOptions } from '@connectrpc/connect'
import { PingRequestSchema, type PingRequest } from '../../gen/ping/v1/ping_pb.ts'
import { uuidV7 } from '../../runtime/uuid-v7.ts'
import { callUntilAnswered } from '../client/call-until-answered.ts'
import { isFinal } from '../client/failures.ts'
import { CliError } from '../exit-codes.ts'
import type { Interrupt } from '../interrupt.ts'
import type { Progress } from '../output/progress-bar.ts'
import { Latencies } from './latencies.ts'
import { errorOf, type Sender } from './senders.ts'
import { waitUntil } from './wait-until.ts'

export interface RunPlan {
  /** Undefined: as many as the duration takes. */
  readonly pings: number | undefined
  /** Start no pings after this long; undefined: until all are sent. In ms. */
  readonly durationMs?: number | undefined
  /** Pings of one call, or of one message of a stream. */
  readonly batch: number
  /** The id of the one ping; undefined: a UUIDv7 for each. */
  readonly id?: string | undefined
  /** Undefined: the server's clock. */
  readonly timestampMs: bigint | undefined
  /** Maximum number of pings started per second; undefined: as fast as the server answers. */
  readonly perSecond: number | undefined
  /** For one ping, including its retries. */
  readonly timeoutMs: number
}

/** A ping that was sent but not acknowledged: it may or may not be recorded; sending it again with the same id settles it. */
export interface OpenPing {
  readonly id: string
  readonly error: CliError
}

export interface RunResult {
  readonly started: number
  readonly acked: number
  readonly open: readonly OpenPing[]
  /** Calls, or messages, that sent the same pings again. */
  readonly retries: number
  readonly elapsedMs: number
  /** Of a ping until its ack: with a rate from when it was due, else from its first try. */
  readonly latencies: Latencies
  /** With a rate: from a ping's first try to its ack. */
  readonly sentLatencies: Latencies | undefined
  /**
   * The pings whose latencies are missing because callers waited (coordinated omission): without a rate an estimate, with a rate
   * those that were due while no caller was free to send them.
   */
  readonly omitted: number
}

/** An acknowledged ping. */
export interface Ack {
  readonly id: string
  readonly tries: number
  /** From the first try to the ack. */
  readonly latencyMs: number
}

export interface RunCalls {
  /** One for each caller; several callers may share one. */
  readonly senders: readonly Sender[]
  readonly interrupt: Interrupt
  /** Called for each acknowledged ping. */
  readonly onAck?: (ack: Ack) => void
}

/** Pings that are sent together until all are acknowledged. */
interface Flight {
  /** Not acknowledged yet. */
  readonly left: Set<PingRequest>
  /** performance.now() at the first try. */
  readonly sentMs: number
  /** With a rate: performance.now() when they were due. */
  readonly due: number | undefined
  tries: number
}

/** What floating point may add to a number of pings. */
const ROUNDING = 1e-6

/**
 * Sends pings, one or many per call, until all are acknowledged. The first ping that fails (timed out, or refused) ends the run:
 * no new ones are started, and those already sent are waited for. An interrupt does the same, and so does the end of the duration.
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
  /** When the run ended early, in ms from its beginning. */
  #endedMs = Infinity
  #started = 0
  #acked = 0
  #retries = 0

  constructor(plan: RunPlan, calls: RunCalls) {
    this.#plan = plan
    this.#calls = calls
    this.#ended = AbortSignal.any([calls.interrupt.asked, this.#failed.signal])
    this.#ended.addEventListener('abort', () => (this.#endedMs = performance.now() - this.#begin))
  }

  /** Called once. */
  async run(): Promise<RunResult> {
    await Promise.all(this.#calls.senders.map(sender => this.#work(sender)))
    const isOpenLoop = this.#plan.perSecond !== undefined
    return {
      started: this.#started,
      acked: this.#acked,
      open: this.#open,
      retries: this.#retries,
      elapsedMs: performance.now() - this.#begin,
      latencies: this.#latencies,
      sentLatencies: isOpenLoop ? this.#sentLatencies : undefined,
      omitted: isOpenLoop ? Math.max(0, this.#due() - this.#started) : this.#latencies.omitted(),
    }
  }

  /** The pings that were due before the run ended. */
  #due(): number {
    const { pings = Infinity, durationMs = Infinity, batch, perSecond = 0 } = this.#plan
    const due = Math.ceil((Math.min(durationMs, this.#endedMs) / 1_000) * perSecond - ROUNDING)
    return due >= pings ? pings : due - (due % batch)
  }

  progress(): Progress {
    return { done: this.#acked, all: this.#plan.pings, durationMs: this.#plan.durationMs, elapsedMs: performance.now() - this.#begin }
  }

  async #work(sender: Sender): Promise<void> {
    const { pings = Infinity, durationMs = Infinity, batch, perSecond } = this.#plan
    const endMs = this.#begin + durationMs
    while (!this.#ended.aborted && performance.now() < endMs) {
      const size = Math.min(batch, pings - this.#started)
      if (size <= 0) return
      // A batch is due when its last ping is.
      const due = perSecond === undefined ? undefined : this.#begin + ((this.#started + size - 1) / perSecond) * 1_000
      if (due !== undefined && due >= endMs) return
      this.#started += size
      if (due !== undefined) await waitUntil(due, this.#ended)
      if (this.#ended.aborted) this.#started -= size
      else await this.#send(sender, size, due)
    }
  }

  /** A server that stalls keeps later pings from being sent: their wait shows only from when they were due. */
  async #send(sender: Sender, size: number, due: number | undefined): Promise<void> {
    const { interrupt } = this.#calls
    const { timeoutMs } = this.#plan
    const left = new Set(Array.from({ length: size }, () => newPing(this.#plan)))
    const flight: Flight = { left, sentMs: performance.now(), due, tries: 0 }
    try {
      await callUntilAnswered(call => this.#try(sender, flight, call), { timeoutMs, interrupt })
      this.#retries += flight.tries - 1
    } catch (error) {
      if (!(error instanceof CliError)) throw error
      for (const { pingId } of left) this.#open.push({ id: pingId, error })
      this.#failed.abort()
    }
  }

  /** Sends what is left once, and removes what is acknowledged. Throws why a ping failed; preferably an error after which another try cannot help. */
  async #try(sender: Sender, flight: Flight, call: CallOptions): Promise<void> {
    flight.tries++
    const pings = [...flight.left]
    const results = await sender.send(pings, call)
    const answeredMs = performance.now()
    const failures = results.flatMap(({ failure }) => failure ?? [])
    const acked = failures.length === 0 ? pings : pings.filter((_, index) => results[index]!.failure === undefined)
    this.#acknowledge(acked, flight, answeredMs)
    if (failures.length === 0) return
    const errors = failures.map(errorOf)
    throw errors.find(isFinal) ?? errors[0]!
  }

  #acknowledge(pings: readonly PingRequest[], { left, sentMs, due, tries }: Flight, answeredMs: number): void {
    for (const ping of pings) left.delete(ping)
    this.#acked += pings.length
    this.#latencies.add(answeredMs - (due ?? sentMs), pings.length)
    if (due !== undefined) this.#sentLatencies.add(answeredMs - sentMs, pings.length)
    const { onAck } = this.#calls
    if (onAck) for (const { pingId } of pings) onAck({ id: pingId, tries, latencyMs: answeredMs - sentMs })
  }
}

function newPing({ id, timestampMs }: RunPlan): PingRequest {
  const ping = create(PingRequestSchema)
  ping.pingId = id ?? uuidV7()
  if (timestampMs !== undefined) ping.timestampMs = timestampMs
  return ping
}
