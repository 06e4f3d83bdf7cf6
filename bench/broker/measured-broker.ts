import type { Contender } from '../parts/brokers.ts'
import type { Run } from '../run-and-exit.ts'
import type { ClientResult, Place } from './client/client-task.ts'
import type { Client } from './client/client.ts'
import type { ProduceLoad } from './loads.ts'
import type { Started } from './measure-start-up.ts'

/** By then, kafkajs has opened its connections and loaded its code. */
const TASK_WARM_UP_MS = 100

/** A running broker under the client's loads. It remembers what was acknowledged, to verify all of it later. */
export class MeasuredBroker {
  readonly contender: Contender
  readonly started: Started
  readonly #run: Run
  readonly #client: Client
  /** Acknowledged records by topic. */
  readonly #acknowledged = new Map<string, number>()

  constructor(options: { run: Run; client: Client; contender: Contender; started: Started }) {
    this.#run = options.run
    this.#client = options.client
    this.contender = options.contender
    this.started = options.started
  }

  /** Sends for at least this long, and at least this many records. */
  async produce({ topic, recordsPerSend, isIdempotent }: ProduceLoad, measureMs: number, leastRecords = 0): Promise<ClientResult> {
    const firstNumber = this.#acknowledged.get(topic) ?? 0
    const load = { recordsPerSend, isIdempotent, firstNumber, warmUpMs: TASK_WARM_UP_MS, measureMs, leastRecords }
    const result = await this.#client.run({ kind: 'produce', place: this.#place(topic), ...load })
    this.#acknowledged.set(topic, firstNumber + result.records)
    return result
  }

  /** Reads a whole topic; complains unless all acknowledged records are there, once and in order. */
  async consume(topic: string): Promise<ClientResult> {
    const result = await this.#client.run({ kind: 'consume', place: this.#place(topic), expected: this.#acknowledged.get(topic) ?? 0 })
    if (result.wrong !== undefined) this.#run.complain(`${this.contender}, ${topic}: ${result.wrong}`)
    return result
  }

  /** Reads every topic. Returns how many records there are. */
  async verify(): Promise<number> {
    let records = 0
    for (const topic of this.#acknowledged.keys()) records += (await this.consume(topic)).records
    return records
  }

  #place(topic: string): Place {
    const { port, child } = this.started
    return { broker: `127.0.0.1:${port}`, brokerPid: child.pid, topic }
  }
}
