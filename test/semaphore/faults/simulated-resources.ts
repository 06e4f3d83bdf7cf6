import type { Consumer, Kafka } from 'kafkajs'
import { uniqueName } from '../../support/kafka.ts'
import type { Random } from '../../support/random.ts'
import type { Actionable, Event } from './history.ts'
import { isRefusedEvent, toActionable, toOutcome } from './read-history.ts'
import { RecordSender } from './record-sender.ts'
import type { SemaphoreCaller } from './semaphore-caller.ts'
import type { SemaphoreTopics } from './topics.ts'

export interface SimulationOptions {
  readonly kafka: Kafka
  readonly topics: SemaphoreTopics
  readonly random: Random
  /** The maximum time that a command takes. */
  readonly maxWorkMs: number
  /** Some commands are finished by a call. Undefined: all by records. */
  readonly caller?: SemaphoreCaller
  /** False: every command is finished once, by its holder. Default: many finishes are doubled, wrong or from strangers. */
  readonly isUnruly?: boolean
}

interface Finished {
  readonly resource: string
  readonly commandId: string
  readonly token?: bigint
}

/** Shares of the commands. */
const WITHOUT_TOKEN = 0.2
const TWICE = 0.15
const WRONG_TOKEN = 0.05
const UNKNOWN_ID = 0.05
const WRONG_RESOURCE = 0.05
const BY_CALL = 0.05
const CANCELLED = 0.05
/** What comes before the true finish is committed before it. */
const TAKES_LONGER_MS = 300
/** Of those with a lease: their holder does not finish before the lease has ended. */
const SILENT = 0.1

/**
 * Resources that get commands from actionable-commands, work on each for a while, and finish it by command-events. They recognize
 * duplicates by command id and token. Some of their finishes are sent twice, name no token or a wrong one, or are those of strangers.
 */
export class SimulatedResources {
  /** When each command was first seen, by performance.now(), in their order. */
  readonly seen = new Map<string, number>()
  /** The commands that became actionable, those that have ended, and those that were refused. */
  readonly granted = new Set<string>()
  readonly ended = new Set<string>()
  readonly refused = new Set<string>()
  /** The finishes by calls. */
  readonly called: Event[] = []
  /** Records that were there before. */
  duplicates = 0
  readonly #options: SimulationOptions
  readonly #consumer: Consumer
  readonly #events: RecordSender
  readonly #timers = new Set<NodeJS.Timeout>()

  constructor(options: SimulationOptions) {
    this.#options = options
    const groupId = uniqueName('resources')
    this.#consumer = options.kafka.consumer({ groupId, maxWaitTimeInMs: 50, sessionTimeout: 10_000, heartbeatInterval: 1_000 })
    this.#events = new RecordSender(options.kafka, options.topics.events)
  }

  async start(): Promise<void> {
    const { topics } = this.#options
    await this.#events.start()
    await this.#consumer.connect()
    await this.#consumer.subscribe({ topics: [topics.actionable, topics.outcomes], fromBeginning: true })
    await this.#consumer.run({
      eachBatch: async ({ batch }) => {
        for (const message of batch.messages) {
          const record = { ...message, partition: batch.partition }
          if (batch.topic === topics.actionable) this.#take(toActionable(record))
          else if (!isRefusedEvent(record)) this.#note(toOutcome(record))
        }
      },
    })
  }

  /** Sends an event as a stranger would. */
  sendEvent(resource: string, commandId: string, headers: Readonly<Record<string, string>> = {}): void {
    this.#events.add({ key: resource, value: null, headers: { 'command-id': commandId, ...headers } })
  }

  async stop(): Promise<void> {
    await this.#consumer.disconnect()
    for (const timer of this.#timers) clearTimeout(timer)
    await this.#events.stop()
  }

  #take(command: Actionable): void {
    const id = `${command.commandId} ${command.token}`
    if (this.seen.has(id)) return void this.duplicates++
    this.seen.set(id, performance.now())
    this.granted.add(command.commandId)
    const { random, maxWorkMs, isUnruly = true } = this.#options
    if (!isUnruly) return this.#finishIn(random.between(0, maxWorkMs), command, command.token)
    const isCancelled = random.next() < CANCELLED
    const hasWrongToken = random.next() < WRONG_TOKEN
    const workMs = random.between(0, maxWorkMs) + (isCancelled || hasWrongToken ? TAKES_LONGER_MS : 0)
    if (isCancelled) this.sendEvent(command.resource, command.commandId, { event: 'cancel', when: random.pick(['now', 'confirmed']) })
    if (hasWrongToken) this.#finishIn(0, command, command.token + BigInt(random.pick([1, 1_000])))
    this.#disturb(command)
    const isSilent = command.leaseMs > 0 && random.next() < SILENT
    const token = random.next() < WITHOUT_TOKEN && !isSilent ? undefined : command.token
    const byCall = !isSilent && random.next() < BY_CALL
    this.#finishIn(isSilent ? 2 * command.leaseMs : workMs, command, byCall ? 'call' : token)
    if (random.next() < TWICE) this.#finishIn(workMs + random.between(0, 2 * maxWorkMs), command, command.token)
  }

  /** Finishes that must change nothing. */
  #disturb(command: Actionable): void {
    const { random } = this.#options
    const { resource, commandId } = command
    if (random.next() < UNKNOWN_ID) this.#finishIn(0, { resource, commandId: `${commandId}-unknown` }, undefined)
    if (random.next() < WRONG_RESOURCE) this.#finishIn(0, { resource: `${resource}-other`, commandId }, undefined)
  }

  #note({ commandId, outcome }: { commandId: string; outcome: string }): void {
    if (outcome === 'refused') this.refused.add(commandId)
    else if (outcome !== 'cancelling') this.ended.add(commandId)
  }

  #finishIn(ms: number, command: Finished, how: bigint | undefined | 'call'): void {
    const timer = setTimeout(() => {
      this.#timers.delete(timer)
      if (how === 'call' && this.#options.caller) void this.#call(this.#options.caller, command)
      else this.sendEvent(command.resource, command.commandId, typeof how === 'bigint' ? { token: String(how) } : {})
    }, ms)
    this.#timers.add(timer)
  }

  async #call(caller: SemaphoreCaller, { resource, commandId, token }: Finished): Promise<void> {
    this.called.push({ resource, commandId, event: 'finished', token, isImmediate: true, appendedMs: Date.now() })
    await caller.finish(resource, commandId, token!)
  }
}
