import type { EachBatchPayload } from 'kafkajs'
import { patientKafka, RETRY, untilDone } from './kafkajs-producer.ts'
import { readValue } from './numbered-values.ts'
import { nameOf, type Place, type Worker } from './place.ts'

export interface GroupMemberOptions {
  readonly name: string
  readonly group: string
  readonly place: Place
  readonly topics: readonly string[]
}

/** Short waits, since heartbeats are sent between fetches: a member notices quickly that the broker has forgotten it. */
const QUICK = { maxWaitTimeInMs: 50, heartbeatInterval: 50, sessionTimeout: 10_000, rebalanceTimeout: 2_000 }

/** A kafkajs consumer that commits each batch before it reads the next. */
export class GroupMember implements Worker {
  readonly name: string
  readonly violations: string[] = []
  acks = 0
  readonly #options: GroupMemberOptions
  /** Acknowledged commits, by partition. */
  readonly committed = new Map<string, bigint>()
  readonly #read = new Map<string, bigint>()

  constructor(options: GroupMemberOptions) {
    this.#options = options
    this.name = options.name
  }

  async run(): Promise<void> {
    while (!this.#options.place.ending.aborted) await this.#consume()
  }

  /** Runs until the end, or until kafkajs gives up: it does not restart after some errors caused by a restart of the broker. */
  async #consume(): Promise<void> {
    const { place, group, topics } = this.#options
    const consumer = patientKafka(place).consumer({ groupId: group, ...QUICK, retry: { ...RETRY, restartOnFailure: async () => true } })
    const over = new Promise<void>(resolve => {
      consumer.on(consumer.events.CRASH, ({ payload: { restart } }) => void (restart || resolve()))
      place.ending.addEventListener('abort', () => resolve(), { once: true })
    })
    await untilDone(() => consumer.connect())
    await untilDone(() => consumer.subscribe({ topics: [...topics], fromBeginning: true }))
    await consumer.run({ autoCommit: false, eachBatch: payload => this.#take(payload) })
    await over
    await consumer.disconnect()
  }

  async #take({ batch, isRunning, isStale, commitOffsetsIfNecessary }: EachBatchPayload): Promise<void> {
    if (!isRunning() || isStale()) return
    const key = nameOf(batch)
    const [first, next] = [BigInt(batch.firstOffset() ?? 0), BigInt(batch.lastOffset()) + 1n]
    this.#checkBegin(key, first)
    for (const { value } of batch.messages) {
      if (Number.isNaN(readValue(value).number)) this.violations.push(`${this.name}: read a value of ${key} that no producer wrote`)
    }
    this.#read.set(key, next)
    // Not the consumer's commitOffsets: while the consumer is stopping, that returns without committing.
    await commitOffsetsIfNecessary({ topics: [{ topic: batch.topic, partitions: [{ partition: batch.partition, offset: String(next) }] }] })
    this.committed.set(key, next)
    this.acks++
  }

  /** A member starts at the committed offset or continues where it is: never before its own commits, never past what it has read. */
  #checkBegin(key: string, first: bigint): void {
    const [min, max] = [this.committed.get(key) ?? 0n, this.#read.get(key) ?? 0n]
    if (first < min || first > max) this.violations.push(`${this.name}: ${key} continues at ${first}, expected ${min} to ${max}`)
  }
}
