import type { GatheringProducer } from '../../src/kafka/gathering-producer.ts'
import { Backoff } from '../../src/runtime/retry.ts'
import { wait } from '../../src/runtime/wait.ts'
import { recordOf, placeOf, type PendingReply } from './pending-reply.ts'
import type { ReplyPlaces } from './reply-places.ts'
import { brokersError, isFinal, isTooLarge, reasonOf } from './send-error.ts'

export interface SuspectsOptions {
  /** Used for nothing else, so that no other reply waits for it. It should retry as little as possible itself. */
  readonly producer: Pick<GatheringProducer, 'send'>
  readonly places: Pick<ReplyPlaces, 'ask'>
  /** How long a partition may refuse its replies while Kafka answers. */
  readonly limitMs: number
  readonly nowMs: () => number
  /** When Kafka last confirmed any reply. */
  readonly confirmedMs: () => number
  readonly onRetry: () => void
  readonly onFailed: (error: unknown, place: string) => void
  readonly onConfirmed: () => void
}

interface Suspect {
  waiting: PendingReply[]
  /** The last attempt failed, and the next one may succeed: after a pause. */
  isFailing: boolean
  /** Since when every attempt has failed. */
  failingMs: number
  /** Maximum number of replies in one attempt: halved when they are too large together. */
  portion: number
  /** It refused replies: until then, others do not wait for its next ones. */
  apartUntilMs: number
}

/** How many of the first replies that wait are refused, and why. */
interface Refused {
  readonly count: number
  readonly reason: string
}

const NONE: Refused = { count: 0, reason: '' }
const FIRST_PAUSE_MS = 50
const MAX_PAUSE_MS = 1_000
const APART_MS = 30_000

/**
 * The partitions for which an attempt has failed. Their replies are sent again apart from all others and partition by partition, until
 * Kafka confirms them, or until it is certain that it does not: while Kafka is down, nothing is certain.
 */
export class Suspects {
  readonly #options: SuspectsOptions
  readonly #suspects = new Map<string, Suspect>()
  readonly #stopping = new AbortController()
  #running: Promise<void> | undefined

  constructor(options: SuspectsOptions) {
    this.#options = options
  }

  /** True if replies to this partition have to go apart from others. */
  has(place: string): boolean {
    const suspect = this.#suspects.get(place)
    if (suspect === undefined) return false
    if (suspect.waiting.length > 0 || suspect.apartUntilMs > this.#options.nowMs()) return true
    this.#suspects.delete(place)
    return false
  }

  /** Sends the reply when it is the turn of its partition. */
  add(pending: PendingReply): void {
    const place = placeOf(pending.reply)
    const known = this.#suspects.get(place)
    if (known) known.waiting.push(pending)
    else {
      const failingMs = this.#options.nowMs()
      this.#suspects.set(place, { waiting: [pending], isFailing: true, failingMs, portion: Infinity, apartUntilMs: -Infinity })
    }
    this.#running ??= this.#run()
  }

  /** Resolves when the attempt under way has ended. What is waiting then is not sent. */
  async stop(): Promise<void> {
    this.#stopping.abort()
    await this.#running
  }

  async #run(): Promise<void> {
    const { signal } = this.#stopping
    const pause = new Backoff(FIRST_PAUSE_MS, MAX_PAUSE_MS)
    for (;;) {
      const waiting = [...this.#suspects.values()].filter(suspect => suspect.waiting.length > 0)
      if (waiting.length === 0 || signal.aborted) break
      await (waiting.some(({ isFailing }) => isFailing) ? wait(pause.next(), signal) : Promise.resolve())
      for (const suspect of waiting) if (!signal.aborted) await this.#sendAll(suspect)
    }
    this.#running = undefined
  }

  /** Until nothing waits, or an attempt fails that may succeed later. */
  async #sendAll(suspect: Suspect): Promise<void> {
    while (suspect.waiting.length > 0) {
      const error = await this.#sendPortion(suspect)
      if (error !== undefined) this.#options.onFailed(error, placeOf(suspect.waiting[0]!.reply))
      const refused = error === undefined ? NONE : await this.#whyRefused(suspect, error)
      suspect.isFailing = refused === undefined
      if (refused === undefined) return
      if (refused.count > 0) suspect.apartUntilMs = this.#options.nowMs() + APART_MS
      for (const { settle } of suspect.waiting.splice(0, refused.count)) settle(refused.reason)
    }
  }

  /** The first error of an attempt; undefined if Kafka confirmed all of them. */
  async #sendPortion(suspect: Suspect): Promise<unknown> {
    const { producer, nowMs, onRetry, onConfirmed } = this.#options
    const portion = suspect.waiting.splice(0, suspect.portion)
    const sent = await Promise.allSettled(
      portion.map(pending => {
        onRetry()
        return producer.send(recordOf(pending, nowMs() - pending.reply.receivedMs))
      }),
    )
    const failed = portion.filter((_, index) => sent[index]!.status === 'rejected')
    if (failed.length < portion.length) {
      suspect.failingMs = nowMs()
      onConfirmed()
    }
    portion.forEach(({ settle }, index) => sent[index]!.status === 'fulfilled' && settle())
    for (const pending of failed) pending.mayBeWritten = true
    suspect.waiting.unshift(...failed)
    return sent.find(each => each.status === 'rejected')?.reason
  }

  /** How many of the first replies are refused, and why; undefined: none, the next attempt may succeed. */
  async #whyRefused(suspect: Suspect, error: unknown): Promise<Refused | undefined> {
    const { places, limitMs, nowMs, confirmedMs } = this.#options
    if (isTooLarge(error)) {
      if (suspect.portion === 1) {
        suspect.portion = Infinity
        return { count: 1, reason: reasonOf(error) }
      }
      suspect.portion = Math.max(1, Math.floor(Math.min(suspect.portion, suspect.waiting.length) / 2))
      return NONE
    }
    if (isFinal(error)) return { count: Infinity, reason: reasonOf(error) }
    const isOverdue = nowMs() - suspect.failingMs >= limitMs
    const answers = brokersError(error) !== undefined || confirmedMs() > suspect.failingMs
    if (isOverdue && answers) return { count: Infinity, reason: reasonOf(error) }
    const missing = await places.ask(suspect.waiting[0]!.reply.replyTo).catch(() => undefined)
    return missing === undefined ? undefined : { count: Infinity, reason: missing }
  }
}
