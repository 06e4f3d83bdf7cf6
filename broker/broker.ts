import { createLogger, type Logger } from '../src/runtime/logger.ts'
import { Readiness } from '../src/runtime/readiness.ts'
import type { StatusServer } from '../src/runtime/status-server.ts'
import { readConfig, type ConfigOptions } from './config/read-config.ts'
import type { BrokerSettings } from './config/settings.ts'
import { startLineConsole, type LineConsole } from './console/line-console.ts'
import { positionsIn } from './console/positions.ts'
import { Faults } from './faults/faults.ts'
import { startGroups, type Groups } from './groups/groups.ts'
import { BrokerMetrics, type BrokerView } from './metrics.ts'
import { allRoutes } from './routes.ts'
import { Dispatcher } from './server/dispatcher.ts'
import { Listener } from './server/listener.ts'
import { openState, type State } from './state.ts'
import { startStatus } from './status.ts'

export interface BrokerOptions {
  /** Settings by Kafka's names, as in `server.properties`: `{ listeners: 'PLAINTEXT://127.0.0.1:0', storage: 'memory' }`. */
  readonly config?: ConfigOptions
  /** Settings that have already been read, instead of `config`. */
  readonly settings?: BrokerSettings
  /** Default: a logger for warnings and errors. */
  readonly log?: Logger
}

/** How long requests in progress may take when the broker stops, in ms. */
const STOP_GRACE_MS = 2_000

/**
 * A single-node broker that speaks the Kafka protocol, in this process. Several can run at the same time, each with its own folder and port.
 * It accepts requests once `start` has resolved. `stop` completes the requests in progress and then closes all files and connections.
 */
export class Broker {
  /** Injected faults, for tests. */
  readonly faults = new Faults()
  readonly #settings: BrokerSettings
  readonly #log: Logger
  readonly #state: State
  readonly #groups: Groups
  readonly #metrics = new BrokerMetrics()
  readonly #readiness = new Readiness()
  readonly #listeners: Listener[] = []
  #console: LineConsole | undefined
  #status: StatusServer | undefined
  #retention: NodeJS.Timeout | undefined
  #stopped: Promise<void> | undefined

  private constructor(settings: BrokerSettings, log: Logger) {
    this.#settings = settings
    this.#log = log
    this.#state = openState(settings, log)
    const { topics, offsets } = this.#state
    this.#groups = startGroups({ store: offsets, settings, log })
    topics.onDelete(name => this.#metrics.forget(name))
    this.#logFindings()
  }

  /** Logs the problems that were found in the files of the last run. */
  #logFindings(): void {
    for (const { name, partitions } of this.#state.topics.all()) {
      for (const [partition, { findings }] of partitions.entries())
        for (const finding of findings) this.#log.warn({ topic: name, partition, finding }, 'recovered a log')
    }
  }

  /** Throws `SettingsError` if a setting is wrong, another broker uses the folder or a port is in use. */
  static async start({
    config = {},
    settings = readConfig({ options: config }),
    log = createLogger({ name: 'broker', level: 'warn' }),
  }: BrokerOptions = {}): Promise<Broker> {
    const broker = new Broker(settings, log)
    try {
      await broker.#start()
      return broker
    } catch (error) {
      await broker.stop()
      throw error
    }
  }

  get clusterId(): string {
    return this.#state.clusterId
  }

  /** The port of the first listener. */
  get port(): number {
    return this.#listeners[0]!.port
  }

  /** The addresses that the broker listens on, as host:port. */
  get addresses(): readonly string[] {
    return this.#listeners.flatMap(listener => listener.addresses)
  }

  /** The port of the line console, if there is one. */
  get consolePort(): number | undefined {
    return this.#console?.port
  }

  /** The port of the health and metrics pages, if they are served. */
  get statusPort(): number | undefined {
    return this.#status?.port
  }

  /** Stops the broker. A second call waits for the first. */
  stop(): Promise<void> {
    this.#stopped ??= this.#stop()
    return this.#stopped
  }

  /** Stops this broker and starts another one on the same folder and, unless the port was 0, on the same port. With storage=memory all data is lost. */
  async restart(): Promise<Broker> {
    await this.stop()
    return Broker.start({ settings: this.#settings, log: this.#log })
  }

  async #start(): Promise<void> {
    await this.#startStatus()
    await this.#startListeners()
    await this.#startConsole()
    this.#readiness.ready()
    this.#retention = setInterval(() => this.#applyRetention(), this.#settings.logRetentionCheckMs).unref()
  }

  async #startListeners(): Promise<void> {
    const { listeners, socketRequestMaxBytes: maxRequestBytes, maxConnections, connectionsMaxIdleMs } = this.#settings
    const [state, groups, metrics, log] = [this.#state, this.#groups, this.#metrics, this.#log]
    const dispatcher = new Dispatcher({
      routes: allRoutes({ settings: this.#settings, state, groups, metrics, log }),
      faults: this.faults,
      served: ({ name }, durationMs, response) => metrics.served(name, durationMs, response),
    })
    const opened = (): void => metrics.connectionOpened()
    const isFull = (): boolean => this.#connections >= maxConnections
    const shared = { dispatcher, maxRequestBytes, isFull, maxIdleMs: Math.max(0, connectionsMaxIdleMs), opened, log }
    for (const { hosts, port, advertised } of listeners) {
      const listener = new Listener({ ...shared, hosts, port, advertised })
      this.#listeners.push(listener)
      await listener.start()
    }
  }

  async #startConsole(): Promise<void> {
    const { lineConsolePort: port, lineConsoleHost: host, lineConsoleTopic: topic, autoCreateTopics, messageMaxBytes } = this.#settings
    if (port === undefined) return
    const { topics, appender, offsets } = this.#state
    const positions = positionsIn(offsets, group => this.#groups.hasMembers(group))
    const now = (): number => Date.now()
    const place = { host, port, topics, appender, positions, topic, now, log: this.#log }
    this.#console = await startLineConsole({ ...place, isAutoCreateEnabled: autoCreateTopics, maxLineBytes: messageMaxBytes })
  }

  async #startStatus(): Promise<void> {
    const { statusPort: port, statusHost: host } = this.#settings
    if (port === undefined) return
    this.#status = await startStatus({
      port,
      host,
      readiness: this.#readiness,
      metrics: this.#metrics,
      view: () => this.#view(),
      log: this.#log,
    })
  }

  get #connections(): number {
    return this.#listeners.reduce((sum, listener) => sum + listener.connections, 0)
  }

  #view(): BrokerView {
    const topics = this.#state.topics.all().map(({ name, partitions }) => ({
      name,
      partitions: partitions.length,
      bytes: partitions.reduce((sum, log) => sum + log.bytes, 0),
      records: partitions.reduce((sum, log) => sum + log.endOffset - log.startOffset, 0n),
    }))
    const groups = new Map(Object.entries(this.#groups.counts().groups))
    return { connections: this.#connections, topics, groups, waitingFetches: this.#state.waiters.count }
  }

  #applyRetention(): void {
    for (const { name, partitions } of this.#state.topics.all()) {
      for (const [index, log] of partitions.entries()) {
        try {
          log.applyRetention()
        } catch (error) {
          this.#log.error({ err: error, topic: name, partition: index }, 'could not delete old records')
        }
      }
    }
  }

  /** Responds to waiting requests, accepts no new connections, then closes everything. */
  async #stop(): Promise<void> {
    this.#readiness.notReady('stopping')
    clearInterval(this.#retention)
    this.#groups.stop()
    await Promise.all([...this.#listeners.map(listener => listener.stop(STOP_GRACE_MS)), this.#console?.stop(STOP_GRACE_MS)])
    await this.#status?.stop()
    this.#state.close()
  }
}
