import type { Kafka } from 'kafkajs'
import type { Random } from '../../support/random.ts'
import type { Request } from './history.ts'
import { ownLimits } from './own-limits.ts'
import { RecordSender } from './record-sender.ts'
import { resourceName } from './resource-name.ts'
import type { SemaphoreCaller } from './semaphore-caller.ts'
import type { SimulatedResources } from './simulated-resources.ts'
import type { SemaphoreTopics } from './topics.ts'

export interface LoadOptions {
  readonly kafka: Kafka
  readonly topics: SemaphoreTopics
  readonly random: Random
  readonly resources: number
  readonly perSecond: number
  /** Gets the events of strangers: early finishes, cancellations. */
  readonly simulation: SimulatedResources
  /** Some commands are requested by a call, or by a call as well. Undefined: all by records. */
  readonly caller?: SemaphoreCaller
  /** False: each request is sent once, with priority 0. */
  readonly isUnruly?: boolean
}

/** Shares of the commands. */
const TWICE = 0.15
const FINISHED_EARLY = 0.03
const CANCELLED = 0.04
/** Of those that are cancelled. */
const CONFIRMED = 0.5
/** By a call instead of a record, and by both. Not to a short queue: a refused call is no outcome. */
const BY_CALL = 0.03
const BY_BOTH = 0.03
/** This share of the load is for the first resources, so that their queues are never empty for long. */
const HOT_SHARE = 0.15
const HOT_RESOURCES = 8
/** Every fifth resource gets commands of different priorities. */
const WITH_PRIORITIES = 5
const PRIORITIES = 10
const TICK_MS = 20
const MAX_REPEAT_AFTER_MS = 1_000

/** Requests of commands for many resources, at a steady rate. Some are sent twice, finished before their turn, or cancelled. */
export class RequestLoad {
  /** The ids of all commands. */
  readonly requested: string[] = []
  /** Those that were requested by calls. */
  readonly called: Request[] = []
  /** Calls that had another answer than expected. */
  readonly wrongAnswers: string[] = []
  readonly #options: LoadOptions
  readonly #sender: RecordSender
  readonly #repeats = new Set<NodeJS.Timeout>()
  #ticks: NodeJS.Timeout | undefined
  #due = 0

  constructor(options: LoadOptions) {
    this.#options = options
    this.#sender = new RecordSender(options.kafka, options.topics.requests)
  }

  async start(): Promise<void> {
    await this.#sender.start()
    this.#ticks = setInterval(() => this.#tick(), TICK_MS)
  }

  /** Resolves when the broker has every request. */
  async stop(): Promise<void> {
    clearInterval(this.#ticks)
    for (const repeat of this.#repeats) clearTimeout(repeat)
    await this.#sender.stop()
  }

  #tick(): void {
    this.#due += (this.#options.perSecond * TICK_MS) / 1_000
    for (; this.#due >= 1; this.#due--) this.#request()
  }

  #request(): void {
    const { random, resources, isUnruly = true, simulation, caller } = this.#options
    const number = random.next() < HOT_SHARE ? random.between(0, HOT_RESOURCES) : random.between(0, resources)
    const resource = resourceName(number)
    const commandId = `c-${this.requested.length}`
    this.requested.push(commandId)
    const priority = isUnruly && number % WITH_PRIORITIES === 0 ? random.between(0, PRIORITIES) : 0
    const message = { key: resource, value: `work of ${commandId}`, headers: { 'command-id': commandId, priority: String(priority) } }
    const way = caller && isUnruly && priority === 0 && !ownLimits(number)?.waiting ? random.next() : 1
    if (way < BY_CALL + BY_BOTH) void this.#call(resource, commandId, message.value)
    if (way >= BY_CALL) this.#sender.add(message)
    if (!isUnruly) return
    if (random.next() < TWICE) this.#later(() => this.#sender.add(message))
    if (random.next() < FINISHED_EARLY) simulation.sendEvent(resource, commandId)
    const cancel = { event: 'cancel', ...(random.next() < CONFIRMED && { when: 'confirmed' }) }
    if (random.next() < CANCELLED) this.#later(() => simulation.sendEvent(resource, commandId, cancel))
  }

  async #call(resource: string, commandId: string, value: string): Promise<void> {
    this.called.push({ resource, commandId, value, priority: 0, place: undefined, appendedMs: Date.now() })
    const answer = await this.#options.caller!.submit(resource, commandId, value)
    if (answer !== 'ok') this.wrongAnswers.push(`Submit of ${commandId}: ${answer}`)
  }

  #later(send: () => void): void {
    const timer = setTimeout(
      () => {
        this.#repeats.delete(timer)
        send()
      },
      this.#options.random.between(0, MAX_REPEAT_AFTER_MS),
    )
    this.#repeats.add(timer)
  }
}
