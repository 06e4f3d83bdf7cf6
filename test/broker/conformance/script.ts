import { randomBytes } from 'node:crypto'
import type { Api } from '../../../broker/wire/api.ts'
import { createTopics, describeGroups, findCoordinator, initProducerId, listOffsets, metadata } from '../../../broker/wire/tables/index.ts'
import { until } from '../../support/programs.ts'
import { Normaliser } from './normalise.ts'
import { CLOSED, RawConnection, type Received, type Sent } from './raw-connection.ts'

const EARLIEST = -2n
/** Enough group names for each partition of the offsets topic to hold one. */
const ENOUGH_FOR_EVERY_PARTITION = 100
const NO_TIMEOUT_MS = 0x7fff_ffff

/** A part of the script: registers its steps, which run in order. */
export interface Chapter {
  readonly title: string
  readonly steps: (script: Script) => void
}

/** Registers a step. What `run` returns is the broker's answer, or a table of several. */
export type Register = (title: string, run: () => Promise<unknown>) => void

/** Sends the requests of one chapter's steps. All names that it creates are new in each run. */
export class Script {
  /** The prefix of all names. */
  readonly run = `c-${randomBytes(4).toString('hex')}`
  readonly step: Register
  readonly #brokers: () => string
  readonly #connections: RawConnection[] = []
  #normaliser: Normaliser | undefined
  #main: RawConnection | undefined

  constructor(brokers: () => string, step: Register) {
    this.#brokers = brokers
    this.step = step
  }

  /** A name of this run for a topic or a group. */
  name(short: string): string {
    return `${this.run}-${short}`
  }

  /** Sends a request on the chapter's connection, which is reopened if the broker has closed it. */
  async ask<A extends Api>(api: A, version: number, request: Sent<A>, answerVersion = version): Promise<Received<A> | typeof CLOSED> {
    if (!this.#main || this.#main.isClosed) this.#main = await this.connect()
    return this.#main.ask(api, version, request, answerVersion)
  }

  /** Like `ask`, for steps that cannot continue without an answer. */
  async must<A extends Api>(api: A, version: number, request: Sent<A>): Promise<Received<A>> {
    const answer = await this.ask(api, version, request)
    if (answer === CLOSED) throw new Error(`${api.name} ${version} closed the connection`)
    return answer
  }

  async connect(): Promise<RawConnection> {
    const connection = await RawConnection.open(this.#brokers())
    this.#connections.push(connection)
    return connection
  }

  normal(answer: unknown): unknown {
    this.#normaliser ??= new Normaliser(this.run, this.#brokers())
    return this.#normaliser.normal(answer)
  }

  /** A topic whose partitions have a leader. */
  async newTopic(short: string, numPartitions = 1, configs: Readonly<Record<string, string>> = {}): Promise<string> {
    const name = this.name(short)
    const entries = Object.entries(configs).map(([key, value]) => ({ name: key, value }))
    await this.must(createTopics, 5, {
      topics: [{ name, numPartitions, replicationFactor: 1, assignments: [], configs: entries }],
      timeoutMs: 5_000,
    })
    await this.untilTopic(name, numPartitions)
    return name
  }

  async untilTopic(name: string, numPartitions: number): Promise<void> {
    await until(`${name} has ${numPartitions} partitions with a leader`, async () => {
      const { topics } = await this.must(metadata, 5, { topics: [{ name }], allowAutoTopicCreation: false })
      return topics[0]?.partitions.length === numPartitions && topics[0].partitions.every(({ errorCode }) => errorCode === 0)
    })
    const partitions = Array.from({ length: numPartitions }, (_, partitionIndex) => ({ partitionIndex, timestamp: EARLIEST }))
    await until(`${name} can be read and written`, async () => {
      const { topics } = await this.must(listOffsets, 1, { replicaId: -1, topics: [{ name, partitions }] })
      return topics[0]?.partitions.every(({ errorCode }) => errorCode === 0) ?? false
    })
  }

  /** Waits until the broker is ready for any group: Kafka creates its offsets topic on the first request, and then loads it. */
  async untilGroups(): Promise<void> {
    await until(
      'groups have a coordinator',
      async () => (await this.must(findCoordinator, 2, { key: this.name('any'), keyType: 0 })).errorCode === 0,
    )
    const groups = Array.from({ length: ENOUGH_FOR_EVERY_PARTITION }, (_, index) => this.name(`probe-${index}`))
    await until('the coordinators have loaded', async () =>
      (await this.must(describeGroups, 4, { groups })).groups.every(({ errorCode }) => errorCode === 0),
    )
  }

  /** Waits until producers get ids: at first Kafka answers that it is loading. */
  async untilProducerIds(): Promise<void> {
    await until(
      'a producer gets an id',
      async () => (await this.must(initProducerId, 1, { transactionalId: null, transactionTimeoutMs: NO_TIMEOUT_MS })).errorCode === 0,
    )
  }

  close(): void {
    for (const connection of this.#connections) connection.close()
  }
}
