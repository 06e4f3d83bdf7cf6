import { wait } from '../../runtime/wait.ts'
import { QueueFullError } from '../../transport/errors.ts'

/** While callers wait, their work takes one part in this many of the time. */
const SHARE = 5
/** Work that is shorter needs no pause after it, in ms. */
const SHORT_MS = 1
const MAX_WAITING = 500
const RETRY_AFTER_MS = 1_000

export interface WorkTurnsOptions {
  /** What waits, for the message of an error: "calls of ListBuckets". */
  readonly what: string
  readonly maxWaiting?: number
}

/**
 * Divides the event loop between long work and everything else, such as pings. One caller works in one turn of the event loop, and
 * after long work there is a pause, so that many callers at once cannot keep others waiting.
 */
export class WorkTurns {
  readonly #options: WorkTurnsOptions
  readonly #waiting: (() => void)[] = []
  #isRunning = false

  constructor(options: WorkTurnsOptions) {
    this.#options = options
  }

  /** Resolves when the caller may begin. Throws `QueueFullError` if too many wait. */
  async begin(): Promise<void> {
    const { what, maxWaiting = MAX_WAITING } = this.#options
    if (this.#waiting.length >= maxWaiting) {
      throw new QueueFullError(
        `${what}: got more than ${maxWaiting} that wait, expected at most ${maxWaiting}; try again later`,
        RETRY_AFTER_MS,
      )
    }
    await this.#turn(resolve => this.#waiting.push(resolve))
  }

  /** Resolves when a caller that has begun may work again. It comes before those that have not begun, because it holds what it found. */
  async proceed(): Promise<void> {
    await this.#turn(resolve => this.#waiting.unshift(resolve))
  }

  #turn(enqueue: (resolve: () => void) => void): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>()
    enqueue(resolve)
    if (!this.#isRunning) void this.#run()
    return promise
  }

  async #run(): Promise<void> {
    this.#isRunning = true
    while (this.#waiting.length > 0) {
      const tookMs = await this.#oneTurn()
      if (tookMs >= SHORT_MS) await wait(tookMs * (SHARE - 1))
    }
    this.#isRunning = false
  }

  /** Resolves to the time that the next caller worked, in ms: the second callback follows the first and all that this one continued. */
  #oneTurn(): Promise<number> {
    return new Promise(resolve => {
      let beganMs = 0
      setImmediate(() => {
        beganMs = performance.now()
        this.#waiting.shift()?.()
      })
      setImmediate(() => resolve(performance.now() - beganMs))
    })
  }
}
