import { wait } from '../../../src/runtime/wait.ts'
import { until } from '../../support/programs.ts'
import { seededRandom } from '../../support/random.ts'
import type { History } from './history.ts'
import { readHistory } from './read-history.ts'
import { RequestLoad } from './request-load.ts'
import { SemaphoreCaller } from './semaphore-caller.ts'
import { SimulatedResources } from './simulated-resources.ts'
import { testClient, type SemaphoreTopics } from './topics.ts'

/** When nothing has happened for this long, a command in a short queue has had its turn: longer than a machine stops. */
const REFUSED_FOR_GOOD_MS = 6_000

export interface LoadPlan {
  readonly brokers: string
  readonly topics: SemaphoreTopics
  readonly seed: number
  readonly resources: number
  readonly perSecond: number
  readonly maxWorkMs: number
  /** The programs, for what is not sent by records. Default: all by records. */
  readonly urls?: readonly string[]
  readonly isUnruly?: boolean
}

/** Requests and resources around a semaphore that runs. */
export class RunningLoad {
  readonly load: RequestLoad
  readonly simulation: SimulatedResources
  readonly #plan: LoadPlan
  readonly #caller: SemaphoreCaller | undefined

  constructor(plan: LoadPlan) {
    this.#plan = plan
    const { brokers, topics, seed, isUnruly = true } = plan
    const kafka = testClient(brokers)
    this.#caller = plan.urls && new SemaphoreCaller(plan.urls)
    const caller = this.#caller ? { caller: this.#caller } : {}
    // Two sources: which records arrive first must not change what the load sends.
    this.simulation = new SimulatedResources({ ...caller, kafka, topics, isUnruly, maxWorkMs: plan.maxWorkMs, random: seededRandom(seed) })
    const { resources, perSecond } = plan
    const random = seededRandom(seed + 1)
    this.load = new RequestLoad({ ...caller, kafka, topics, isUnruly, resources, perSecond, simulation: this.simulation, random })
  }

  async start(): Promise<void> {
    await this.simulation.start()
    await this.load.start()
  }

  /** Resolves when this many commands are requested. */
  async untilRequested(count: number): Promise<void> {
    while (this.load.requested.length < count) await wait(20)
  }

  /** Resolves when a command becomes actionable that had not been seen before the call; with the ms that it took. */
  async nextGrant(limitMs: number): Promise<number> {
    const before = this.simulation.seen.size
    return until('a command became actionable', () => this.simulation.seen.size > before, limitMs)
  }

  /**
   * Sends nothing more, waits until every command has ended, and reads what is in the topics. Also ends when nothing has happened for
   * `quietMs`: what has not ended then, the checker reports.
   */
  async finish(quietMs: number): Promise<{ readonly history: History; readonly drainMs: number }> {
    await this.load.stop()
    const startedMs = performance.now()
    // A refused request that was sent twice may have been accepted the second time.
    const overAfterMs = () => (this.simulation.refused.size > 0 ? REFUSED_FOR_GOOD_MS : 0)
    for (let lastMs = performance.now(), last = 0; ; await wait(20)) {
      const { granted, ended } = this.simulation
      if (granted.size + ended.size > last) [last, lastMs] = [granted.size + ended.size, performance.now()]
      if (performance.now() - lastMs >= (this.#isOver() ? overAfterMs() : quietMs)) break
    }
    const drainMs = performance.now() - startedMs
    this.#caller?.stop()
    await this.simulation.stop()
    const history = await readHistory(this.#plan.brokers, this.#plan.topics)
    const withCalls = {
      ...history,
      requests: [...history.requests, ...this.load.called],
      events: [...history.events, ...this.simulation.called],
    }
    return { history: withCalls, drainMs }
  }

  #isOver(): boolean {
    const { granted, ended, refused } = this.simulation
    return this.load.requested.every(id => ended.has(id) || (refused.has(id) && !granted.has(id)))
  }
}
