import { v7 } from 'uuid'
import { wait } from '../../src/runtime/wait.ts'
import { PingCaller, type Answer } from './call-ping.ts'

/** What the load knows of one ping that it sent; times by performance.now(). */
export interface SentPing {
  readonly id: string
  /** Undefined: the server's clock. Every try carries the same. */
  readonly timestampMs: bigint | undefined
  readonly sentMs: number
  ackedMs: number | undefined
  tries: number
}

export interface LoadOptions {
  /** The servers; a try that failed goes to the next one. */
  readonly urls: readonly string[]
  /** Number of callers, each with one ping at a time. */
  readonly callers: number
  /** A caller's pause between two pings, in ms. */
  readonly pauseMs: number
  readonly timestampMs?: (number: number) => bigint | undefined
  /** After this long without an answer a ping is sent again, in ms. */
  readonly timeoutMs?: number
}

const SEND_AGAIN_AFTER_MS = 30
const TIMEOUT_MS = 2_000

/** A load of pings whose ids the callers make; each is sent again with its id until it is acknowledged. */
export class Load {
  /** Every ping, in the order of its first try. */
  readonly sent: SentPing[] = []
  /** What came instead of acks: `unavailable`, `ECONNREFUSED`, … with how often. */
  readonly failures = new Map<string, number>()
  readonly #options: LoadOptions
  readonly #caller = new PingCaller()
  #callers: Promise<void>[] = []
  #on = false

  constructor(options: LoadOptions) {
    this.#options = options
  }

  get acked(): readonly SentPing[] {
    return this.sent.filter(ping => ping.ackedMs !== undefined)
  }

  /** Again while it is on, as when a test that failed runs once more: no effect. */
  start(): void {
    if (this.#on) return
    this.#on = true
    this.#callers = Array.from({ length: this.#options.callers }, (_, caller) => this.#run(caller))
  }

  /** Sends no new pings; resolves when each that was sent is acknowledged. */
  async drain(): Promise<void> {
    this.#on = false
    await Promise.all(this.#callers)
  }

  close(): void {
    this.#caller.close()
  }

  async #run(caller: number): Promise<void> {
    let number = caller
    while (this.#on) {
      const ping: SentPing = {
        id: v7(),
        timestampMs: this.#options.timestampMs?.(number),
        sentMs: performance.now(),
        ackedMs: undefined,
        tries: 0,
      }
      this.sent.push(ping)
      await this.#untilAcked(ping, number)
      await wait(this.#options.pauseMs)
      number += this.#options.callers
    }
  }

  async #untilAcked(ping: SentPing, first: number): Promise<void> {
    const { urls, timeoutMs = TIMEOUT_MS } = this.#options
    const body = { pingId: ping.id, ...(ping.timestampMs !== undefined && { timestampMs: String(ping.timestampMs) }) }
    for (;;) {
      const url = urls[(first + ping.tries++) % urls.length]!
      const answer = await this.#caller.call(url, 'Ping', body, timeoutMs)
      if (answer.kind === 'answer' && answer.status === 200) {
        ping.ackedMs = performance.now()
        return
      }
      this.#noteFailure(answer)
      await wait(SEND_AGAIN_AFTER_MS)
    }
  }

  #noteFailure(answer: Answer): void {
    const name = answer.kind === 'nothing' ? answer.code : (answer.json.code ?? `HTTP ${answer.status}`)
    this.failures.set(name, (this.failures.get(name) ?? 0) + 1)
  }
}
