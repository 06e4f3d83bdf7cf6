import { within } from '../../runtime/wait.ts'

/** A look without an answer is no news while the last answer is younger than this, and the silence shorter. In ms. */
const NEWS_AFTER_MS = { silence: 500, answer: 5_000 }

/** What one look found. */
interface Found<T> {
  readonly found: T
  /** When the look began, in ms of the monotonic clock. */
  readonly beganMs: number
}

/** The looks at one thing. At most one is in flight, so a part that hangs costs one request. */
export class Looks<T> {
  readonly #look: () => Promise<T>
  #inFlight: { readonly beganMs: number; readonly ended: Promise<void> } | undefined
  #last: Found<T> | undefined
  #failingSinceMs: number | undefined

  constructor(look: () => Promise<T>) {
    this.#look = look
  }

  /** The last answer, however old. */
  get last(): Found<T> | undefined {
    return this.#last
  }

  /** Whether the last look that has ended failed. */
  get hasFailed(): boolean {
    return this.#failingSinceMs !== undefined
  }

  /** Begins a look, unless one is in flight. Resolves when it has ended, or after `limitMs`. Never rejects. */
  async look(limitMs: number): Promise<void> {
    this.#inFlight ??= this.#begin()
    await within(limitMs, 'no answer yet', this.#inFlight.ended).catch(() => undefined)
  }

  /** How long there has been no answer, in ms. 0: there is one. */
  silentMs(nowMs: number): number {
    const sinceMs = this.#failingSinceMs ?? this.#inFlight?.beganMs
    if (sinceMs === undefined) return 0
    const isNews = nowMs - sinceMs >= NEWS_AFTER_MS.silence || nowMs - (this.#last?.beganMs ?? -Infinity) >= NEWS_AFTER_MS.answer
    return isNews ? Math.max(1, nowMs - sinceMs) : 0
  }

  #begin(): { beganMs: number; ended: Promise<void> } {
    const beganMs = performance.now()
    const ended = this.#look()
      .then(
        found => {
          this.#last = { found, beganMs }
          this.#failingSinceMs = undefined
        },
        () => void (this.#failingSinceMs ??= beganMs),
      )
      .finally(() => (this.#inFlight = undefined))
    return { beganMs, ended }
  }
}
