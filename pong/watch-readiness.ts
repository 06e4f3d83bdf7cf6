import type { Readiness } from '../src/runtime/readiness.ts'

const CHECK_EVERY_MS = 500
/** A broker answers each consumer several times a second. */
const ANSWERED_WITHIN_MS = 5_000

/** What one consumer reports of itself. */
export class ConsumerState {
  readonly #nowMs: () => number
  #isPositioned = false
  #answeredMs = -Infinity

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs
  }

  /** It has joined its group, and misses nothing that is written from now on. */
  positioned(): void {
    this.#isPositioned = true
    this.answered()
  }

  answered(): void {
    this.#answeredMs = this.#nowMs()
  }

  released(): void {
    this.#isPositioned = false
  }

  /** Why it cannot read now; undefined if it can. */
  get problem(): string | undefined {
    if (!this.#isPositioned) return 'not all partitions of the request topic have a position yet'
    if (this.#nowMs() - this.#answeredMs > ANSWERED_WITHIN_MS) return `Kafka has not answered for ${ANSWERED_WITHIN_MS / 1_000} s`
    return undefined
  }
}

/** Keeps the readiness up to date: a server is ready when no ping can get past it, and as long as Kafka answers. */
export class ReadinessWatch {
  readonly #readiness: Readiness
  readonly #consumers: readonly Pick<ConsumerState, 'problem'>[]
  #timer: NodeJS.Timeout | undefined

  constructor(readiness: Readiness, consumers: readonly Pick<ConsumerState, 'problem'>[]) {
    this.#readiness = readiness
    this.#consumers = consumers
  }

  start(): void {
    this.#timer = setInterval(() => this.check(), CHECK_EVERY_MS)
  }

  stop(): void {
    clearInterval(this.#timer)
  }

  check(): void {
    const problem = this.#consumers.map(consumer => consumer.problem).find(each => each !== undefined)
    if (problem === undefined) this.#readiness.ready()
    else this.#readiness.notReady(problem)
  }
}
