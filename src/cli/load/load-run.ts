import { create } from '@bufbuild/protobuf'
import type { CallOptions } from '@connectrpc/connect'
import { PingRequestSchema, type PingRequest } from '../../gen/ping/v1/ping_pb.ts'
import { uuidV7 } from '../../runtime/uuid-v7.ts'
import { callUntilAnswered } from '../client/call-until-answered.ts'
import { isFinal } from '../client/failures.ts'
import { CliError } from '../exit-codes.ts'
import type { Interrupt } from '../interrupt.ts'
import type { Progress } from '../output/progress-bar.ts'
import { waitUntil, type OpenPing } from '../ping/ping-run.ts'
import { Latencies, type LatencyTail } from './latencies.ts'
import { errorOf, type Sender } from './senders.ts'

export interface LoadPlan {
  /** Undefined: as many as the duration takes. */
  readonly pings: number | undefined
  /** Start no pings after this long; undefined: until all are sent. In ms. */
  readonly durationMs: number | undefined
  /** Pings of one call, or of one message of a stream. */
  readonly batch: number
  /** Undefined: the server's clock. */
  readonly timestampMs: bigint | undefined
  /** Pings started per second, at most; undefined: as fast as the answers come. */
  readonly perSecond: number | undefined
  /** For one ping with all its tries. */
  readonly timeoutMs: number
}

export interface LoadResult {
  readonly started: number
  readonly acked: number
  readonly open: readonly OpenPing[]
  /** Calls, or messages, beyond the first of the same pings. */
  readonly retries: number
  readonly elapsedMs: number
  /** Of a ping until its ack: with a rate from when it was due, else from its first try. */
  readonly latencyMs: LatencyTail | undefined
  /** With a rate: from a ping's first try to its ack. */
  readonly sentLatencyMs: LatencyTail | undefined
  /**
   * The pings whose latencies are missing because callers waited (coordinated omission): without a rate about how many, with one
   * those that were due and that no caller was free to send.
   */
  readonly omitted: number
}

export interface LoadCalls {
  /** One for each caller; several callers may share one. */
  readonly senders: readonly Sender[]
  readonly interrupt: Interrupt
}

/** What floating point may add to a number of pings. */
const ROUNDING = 1e-6

/**
 * Sends pings, many a call, until all are acknowledged. The first that is not (its time over, or refused) ends the run:
 * no new ones are started, those under way are still waited for. An interrupt does the same, and so does the end of the duration.
 */
export class LoadRun {
  readonly #plan: LoadPlan
  readonly #calls: LoadCalls
  readonly #latencies = new Latencies()
  readonly #sentLatencies = new Latencies()
  readonly #open: OpenPing[] = []
  readonly #failed = new AbortController()
  /** Start nothing new from then on. */
  readonly #ended: AbortSignal
  readonly #begin = performance.now()
  /** When the run was ended before its time, in ms from its begin. */
  #endedMs = Infinity
  #started = 0
  #acked = 0
  #retries = 0

  constructor(plan: LoadPlan, calls: LoadCalls) {
    this.#plan = plan
    this.#calls = calls
    this.#ended = AbortSignal.any([calls.interrupt.asked, this.#failed.signal])
    this.#ended.addEventListener('abort', () => (this.#endedMs = performance.now() - this.#begin))
  }

  /** To be called once. */
  async run(): Promise<LoadResult> {
    await Promise.all(this.#calls.senders.map(sender => this.#work(sender)))
    const isOpenLoop = this.#plan.perSecond !== undefined
    return {
      started: this.#started,
      acked: this.#acked,
      open: this.#open,
      retries: this.#retries,
      elapsedMs: performance.now() - this.#begin,
      latencyMs: this.#latencies.tail(),
      sentLatencyMs: isOpenLoop ? this.#sentLatencies.tail() : undefined,
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

  async #send(sender: Sender, size: number, due: number | undefined): Promise<void> {
    const { interrupt } = this.#calls
    const { timestampMs, timeoutMs } = this.#plan
    const left = new Set(Array.from({ length: size }, () => newPing(timestampMs)))
    const sentMs = performance.now()
    try {
      const { tries } = await callUntilAnswered(call => this.#try(sender, left, call, { sentMs, due }), { timeoutMs, interrupt })
      this.#retries += tries - 1
    } catch (error) {
      if (!(error instanceof CliError)) throw error
      for (const { pingId } of left) this.#open.push({ id: pingId, error })
      this.#failed.abort()
    }
  }

  /** Sends what is left once; takes out what was acknowledged. Throws why a ping was not, best one that no further try can mend. */
  async #try(
    sender: Sender,
    left: Set<PingRequest>,
    call: CallOptions,
    { sentMs, due }: { readonly sentMs: number; readonly due: number | undefined },
  ): Promise<void> {
    const pings = [...left]
    const results = await sender.send(pings, call)
    const now = performance.now()
    const failures = results.flatMap(({ failure }) => failure ?? [])
    if (failures.length === 0) left.clear()
    else results.forEach(({ failure }, index) => failure === undefined && left.delete(pings[index]!))
    const acked = pings.length - left.size
    this.#acked += acked
    this.#latencies.add(now - (due ?? sentMs), acked)
    if (due !== undefined) this.#sentLatencies.add(now - sentMs, acked)
    if (failures.length === 0) return
    const errors = failures.map(errorOf)
    throw errors.find(isFinal) ?? errors[0]!
  }
}

function newPing(timestampMs: bigint | undefined): PingRequest {
  const ping = create(PingRequestSchema)
  ping.pingId = uuidV7()
  if (timestampMs !== undefined) ping.timestampMs = timestampMs
  return ping
}
