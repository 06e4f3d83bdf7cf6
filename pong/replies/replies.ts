import type { GatheringProducer } from '../../src/kafka/gathering-producer.ts'
import { wait } from '../../src/runtime/wait.ts'
import type { Reply } from '../answerer.ts'
import { recordOf, placeOf, type PendingReply } from './pending-reply.ts'
import type { ReplyPlaces } from './reply-places.ts'
import { Suspects } from './suspects.ts'

export interface RepliesMetrics {
  held(seconds: number): void
  replyRetried(): void
}

export interface RepliesOptions {
  readonly producer: Pick<GatheringProducer, 'send' | 'stop'>
  /** For replies that were not confirmed: it must not be the same. */
  readonly retryProducer: Pick<GatheringProducer, 'send' | 'stop'>
  readonly places: ReplyPlaces
  /** How long a partition may refuse its replies while Kafka answers. */
  readonly limitMs: number
  readonly nowMs: () => number
  readonly metrics: RepliesMetrics
  /** Writes a line into the log, unless there were many. */
  readonly note: (line: string, details: object) => void
}

/**
 * Sends replies: those that come while a request is in flight go together in the next one. A reply is encoded when it leaves, so that it
 * says how long the server really had it. A partition that fails is sent to apart from the others, which so wait once at most.
 */
export class Replies {
  readonly #options: RepliesOptions
  readonly #suspects: Suspects
  #waiting: PendingReply[] = []
  #sending: Promise<void> | undefined
  #confirmedMs = -Infinity
  #pending = 0
  #idle: PromiseWithResolvers<void> | undefined

  constructor(options: RepliesOptions) {
    const { retryProducer: producer, places, limitMs, nowMs, metrics, note } = options
    this.#options = options
    this.#suspects = new Suspects({
      producer,
      places,
      limitMs,
      nowMs,
      confirmedMs: () => this.#confirmedMs,
      onRetry: () => metrics.replyRetried(),
      onFailed: (err, place) => note('replies are not confirmed; sending them again', { err, place }),
      onConfirmed: () => this.#confirmed(),
    })
  }

  /** Calls `then` once, but never before it returns: with nothing when Kafka has the reply, or with the reason if it cannot be sent. */
  send(reply: Reply, then: (refused?: string) => void): void {
    const { places } = this.#options
    this.#pending++
    const pending: PendingReply = { reply, settle: refused => this.#settle(then, refused), mayBeWritten: false }
    const objection = places.objection(reply.replyTo)
    if (objection !== undefined) return queueMicrotask(() => pending.settle(objection))
    if (places.isKnown(reply.replyTo)) return this.#queue(pending)
    places.ask(reply.replyTo).then(
      missing => (missing === undefined ? this.#queue(pending) : pending.settle(missing)),
      () => undefined, // stopped
    )
  }

  /** Resolves when every reply is settled, or after `limitMs`. */
  async untilIdle(limitMs: number): Promise<void> {
    if (this.#pending === 0) return
    this.#idle ??= Promise.withResolvers<void>()
    const over = new AbortController()
    await Promise.race([this.#idle.promise, wait(limitMs, over.signal)])
    over.abort()
  }

  async stop(): Promise<void> {
    const { producer, retryProducer, places } = this.#options
    places.stop()
    await this.#suspects.stop()
    await Promise.all([producer.stop(), retryProducer.stop()])
    await this.#sending
  }

  #queue(pending: PendingReply): void {
    if (this.#suspects.has(placeOf(pending.reply))) return this.#suspects.add(pending)
    this.#waiting.push(pending)
    this.#sending ??= this.#sendWaiting()
  }

  async #sendWaiting(): Promise<void> {
    await Promise.resolve() // those of the same turn go together
    while (this.#waiting.length > 0) {
      const taken = this.#waiting
      this.#waiting = []
      await Promise.all(taken.map(pending => this.#sendOne(pending)))
    }
    this.#sending = undefined
  }

  /** Never rejects. */
  async #sendOne(pending: PendingReply): Promise<void> {
    const { producer, nowMs, metrics } = this.#options
    const heldMs = nowMs() - pending.reply.receivedMs
    try {
      await producer.send(recordOf(pending, heldMs))
    } catch {
      pending.mayBeWritten = true
      return this.#suspects.add(pending)
    }
    metrics.held(heldMs / 1_000)
    this.#confirmed()
    pending.settle()
  }

  #confirmed(): void {
    this.#confirmedMs = this.#options.nowMs()
  }

  #settle(then: (refused?: string) => void, refused: string | undefined): void {
    then(refused)
    if (--this.#pending > 0) return
    this.#idle?.resolve()
    this.#idle = undefined
  }
}
