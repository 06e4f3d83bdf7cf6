import { createClient, ConnectError } from '@connectrpc/connect'
import { createGrpcTransport, Http2SessionManager } from '@connectrpc/connect-node'
import { v7 } from 'uuid'
import { FailureCode, PingService } from '../../src/gen/ping/v1/ping_pb.ts'
import { wait } from '../../src/runtime/wait.ts'
import type { SentPing } from './load.ts'

export interface BulkLoadOptions {
  /** The servers; a try that failed goes to the next one. */
  readonly urls: readonly string[]
  /** Pings of one batch; a stream sends each in two messages. */
  readonly batch: number
  /** A caller's pause between two batches, in ms. */
  readonly pauseMs: number
  readonly timestampMs?: (number: number) => bigint | undefined
}

/** What became of one ping of a try. */
interface Outcome {
  readonly failure?: { readonly code: FailureCode; readonly message: string } | undefined
}
type Asked = { readonly pingId: string; readonly timestampMs?: bigint }
type Try = (url: string, pings: readonly Asked[]) => Promise<readonly Outcome[]>

const SEND_AGAIN_AFTER_MS = 30
const TIMEOUT_MS = 2_000
const CUT_OFF: Outcome = { failure: { code: FailureCode.UNAVAILABLE, message: 'the stream ended before' } }
const MALFORMED: Asked = { pingId: 'malformed' }

/**
 * A load by PingBatch and by PingStream, a caller of each, over gRPC. What is not acknowledged is sent again with its ids until it is.
 * In each try one ping is malformed and one is there twice, which must not touch the others.
 */
export class BulkLoad {
  /** Every ping, in the order of its first try. */
  readonly sent: SentPing[] = []
  /** What came instead of acks, with how often. */
  readonly failures = new Map<string, number>()
  /** Results that no ping may get. */
  readonly violations: string[] = []
  readonly #options: BulkLoadOptions
  readonly #sessions = new Map<string, Http2SessionManager>()
  #callers: Promise<void>[] = []
  #on = false

  constructor(options: BulkLoadOptions) {
    this.#options = options
  }

  /** Again while it is on: no effect. */
  start(): void {
    if (this.#on) return
    this.#on = true
    this.#callers = [this.#run((url, pings) => this.#byBatch(url, pings)), this.#run((url, pings) => this.#byStream(url, pings))]
  }

  /** Sends no new pings; resolves when each that was sent is acknowledged. */
  async drain(): Promise<void> {
    this.#on = false
    await Promise.all(this.#callers)
  }

  close(): void {
    for (const session of this.#sessions.values()) session.abort()
  }

  async #run(attempt: Try): Promise<void> {
    while (this.#on) {
      const first = this.sent.length
      const pings = Array.from({ length: this.#options.batch }, (_, number): SentPing => ({
        id: v7(),
        timestampMs: this.#options.timestampMs?.(first + number),
        sentMs: performance.now(),
        ackedMs: undefined,
        tries: 0,
      }))
      this.sent.push(...pings)
      await this.#untilAcked(attempt, pings, first)
      await wait(this.#options.pauseMs)
    }
  }

  async #untilAcked(attempt: Try, pings: readonly SentPing[], first: number): Promise<void> {
    const { urls } = this.#options
    for (let tries = 0; ; tries++) {
      const left = pings.filter(({ ackedMs }) => ackedMs === undefined)
      if (left.length === 0) return
      if (tries > 0) await wait(SEND_AGAIN_AFTER_MS)
      for (const ping of left) ping.tries++
      const twice = left[tries % left.length]!
      const asked = [...left, twice].map(({ id, timestampMs }) => ({ pingId: id, ...(timestampMs !== undefined && { timestampMs }) }))
      try {
        const outcomes = await attempt(urls[(first + tries) % urls.length]!, [MALFORMED, ...asked])
        this.#take(left, twice, outcomes)
      } catch (error) {
        this.#note(`${ConnectError.from(error).code}`)
      }
    }
  }

  #take(left: readonly SentPing[], twice: SentPing, [malformed, ...outcomes]: readonly Outcome[]): void {
    if (malformed?.failure?.code !== FailureCode.INVALID_ARGUMENT) this.violations.push(`a malformed ping got ${JSON.stringify(malformed)}`)
    if (outcomes.length !== left.length + 1) this.violations.push(`${left.length + 2} pings got ${outcomes.length + 1} results`)
    for (const [index, ping] of [...left, twice].entries()) {
      const { failure } = outcomes[index] ?? { failure: { code: FailureCode.UNSPECIFIED, message: 'no result' } }
      if (failure === undefined) ping.ackedMs ??= performance.now()
      else if (failure.code === FailureCode.UNAVAILABLE || failure.code === FailureCode.RESOURCE_EXHAUSTED)
        this.#note(`${failure.code} of a ping`)
      else this.violations.push(`a well-formed ping got ${failure.message}`)
    }
  }

  #clientOf(url: string) {
    const session = this.#sessions.get(url) ?? new Http2SessionManager(url)
    this.#sessions.set(url, session)
    return createClient(PingService, createGrpcTransport({ baseUrl: url, sessionManager: session }))
  }

  async #byBatch(url: string, pings: readonly Asked[]): Promise<readonly Outcome[]> {
    return (await this.#clientOf(url).pingBatch({ pings: [...pings] }, { timeoutMs: TIMEOUT_MS })).results
  }

  /** In two messages, one after the other, with the results of both then. Those before a failure count. */
  async #byStream(url: string, pings: readonly Asked[]): Promise<readonly Outcome[]> {
    const half = Math.ceil(pings.length / 2)
    const messages = [pings.slice(0, half), pings.slice(half)].map(some => ({ pings: [...some] }))
    const outcomes: Outcome[] = []
    try {
      for await (const { results } of this.#clientOf(url).pingStream(
        (async function* () {
          yield* messages
        })(),
        { timeoutMs: TIMEOUT_MS },
      ))
        outcomes.push(...results)
      return outcomes
    } catch (error) {
      if (outcomes.length === 0) throw error
      return [...outcomes, ...pings.slice(outcomes.length).map(() => CUT_OFF)]
    }
  }

  #note(name: string): void {
    this.failures.set(name, (this.failures.get(name) ?? 0) + 1)
  }
}
