import { logLevel } from 'kafkajs'
import type { Logger } from '../runtime/logger.ts'
import { within } from '../runtime/wait.ts'
import { connectionConfig, logCreatorFor } from './kafka.ts'
import { ask, BrokerOf, createLogger, createPoolBuilder, cut, type Api, type KafkajsBroker, type PoolBuilder } from './kafkajs-broker.ts'
import type { KafkaSettings } from './settings.ts'

/** Where a partition is. */
export interface PartitionPlace {
  readonly partition: number
  /** The id of its leader; undefined while it has none. */
  readonly leader: number | undefined
}

interface MetadataResponse {
  readonly brokers: readonly { readonly nodeId: number; readonly host: string; readonly port: number }[]
  readonly topicMetadata: readonly {
    readonly topicErrorCode: number
    readonly partitionMetadata: readonly { readonly partitionId: number; readonly leader: number }[]
  }[]
}

const ANSWERS_WITHIN_MS = 10_000

export type Connections = Pick<BrokerConnections, 'places' | 'ask' | 'renew' | 'close'>

/** Connections to the brokers of a cluster, by their ids, for requests that kafkajs' own clients do not make. Nothing is sent twice. */
export class BrokerConnections {
  readonly #builder: PoolBuilder
  readonly #logger: ReturnType<typeof createLogger>
  readonly #brokers = new Map<number, KafkajsBroker>()
  #seed: KafkajsBroker | undefined
  #isClosed = false

  constructor(settings: KafkaSettings, clientId: string, log: Logger) {
    this.#logger = createLogger({ level: logLevel.INFO, logCreator: logCreatorFor(log) })
    // Each request has its own time limit: kafkajs' check would wake the process ten times a second.
    this.#builder = createPoolBuilder({ ...connectionConfig(settings, clientId), enforceRequestTimeout: false, logger: this.#logger })
  }

  /** Where the topic's partitions are now; none if the topic does not exist. */
  async places(topic: string): Promise<readonly PartitionPlace[]> {
    const seed = (this.#seed ??= await this.#create())
    try {
      const { brokers, topicMetadata } = await this.#ask<MetadataResponse>(seed, 'Metadata', {
        topics: [topic],
        allowAutoTopicCreation: false,
      })
      for (const { nodeId, host, port } of brokers) await this.#learn(nodeId, host, port)
      const found = topicMetadata[0]?.partitionMetadata ?? []
      return found.map(({ partitionId, leader }) => ({ partition: partitionId, leader: leader < 0 ? undefined : leader }))
    } catch (error) {
      this.#seed = undefined // the next address of the list
      cut(seed)
      throw error
    }
  }

  /** Asks one broker. `waitMs`: how long the broker itself may wait. After a failure the next request has new connections. */
  async ask<Response extends object>(node: number, api: Api, options: object, waitMs = 0): Promise<Response> {
    const broker = this.#brokers.get(node)
    if (!broker) throw new Error(`broker ${node}: its address is unknown`)
    try {
      return await this.#ask<Response>(broker, api, options, waitMs)
    } catch (error) {
      if (this.#brokers.get(node) === broker) await this.renew(node)
      throw error
    }
  }

  /** Ends the connections to one broker: what is asked of it fails, and the next request has new ones. */
  async renew(node: number): Promise<void> {
    const broker = this.#brokers.get(node)
    if (!broker || this.#isClosed) return
    const { host, port } = broker.connectionPool
    this.#brokers.set(node, await this.#create({ host, port }))
    cut(broker)
  }

  /** Ends all connections at once: what is asked fails. */
  close(): void {
    this.#isClosed = true
    for (const broker of [this.#seed, ...this.#brokers.values()]) if (broker) cut(broker)
    this.#brokers.clear()
    this.#seed = undefined
  }

  async #ask<Response extends object>(broker: KafkajsBroker, api: Api, options: object, waitMs = 0): Promise<Response> {
    const answered = (async () => {
      await broker.connect()
      if (this.#isClosed) throw new Error('the connections are closed')
      return ask<Response>(broker, api, options)
    })()
    const { host, port } = broker.connectionPool
    return within(ANSWERS_WITHIN_MS + waitMs, `${host}:${port}: no answer to ${api} within ${ANSWERS_WITHIN_MS + waitMs} ms`, answered)
  }

  async #learn(node: number, host: string, port: number): Promise<void> {
    const known = this.#brokers.get(node)
    if (known?.connectionPool.host === host && known.connectionPool.port === port) return
    this.#brokers.set(node, await this.#create({ host, port }))
    if (known) cut(known)
  }

  async #create(address?: { readonly host: string; readonly port: number }): Promise<KafkajsBroker> {
    const connectionPool = await this.#builder.build(address)
    return new BrokerOf({ connectionPool, logger: this.#logger, versions: null, allowAutoTopicCreation: false })
  }
}
