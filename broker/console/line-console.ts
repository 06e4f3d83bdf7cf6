import { createServer, type Server, type Socket } from 'node:net'
import { listen } from '../../src/runtime/listen.ts'
import type { Logger } from '../../src/runtime/logger.ts'
import type { Appender } from '../produce/appender.ts'
import type { Topics } from '../topics/topics.ts'
import { Client } from './client.ts'
import type { Positions } from './positions.ts'
import { Publisher } from './publisher.ts'
import { Queues } from './queues.ts'
import { errorLine } from './replies.ts'
import { Session, type SessionOptions } from './session.ts'

export interface LineConsoleOptions {
  /** Address to listen on; undefined: all. */
  readonly host?: string | undefined
  /** 0: any free port. */
  readonly port: number
  readonly topics: Pick<Topics, 'get' | 'create' | 'all'>
  readonly appender: Pick<Appender, 'append' | 'flushed'>
  readonly positions: Positions
  /** The topic of lines without a topic, created with one partition when first needed. */
  readonly topic: string
  /** Whether other topics are created when a line names them (`auto.create.topics.enable`). */
  readonly isAutoCreateEnabled: boolean
  /** The maximum length of a line (`message.max.bytes`). */
  readonly maxLineBytes: number
  /** Further clients are refused with an error. */
  readonly maxClients?: number
  /** ms since the Unix epoch. */
  readonly now: () => number
  readonly log: Logger
}

/** The group of lines without a group. */
const DEFAULT_GROUP = 'console'
const DEFAULT_MAX_CLIENTS = 1000

/** Listens and serves. Throws `SettingsError` if the port is in use. docs/line-console.md describes the protocol. */
export async function startLineConsole(options: LineConsoleOptions): Promise<LineConsole> {
  const lineConsole = new LineConsole(options)
  await lineConsole.start()
  return lineConsole
}

/** A text interface for people and scripts: each line is a command and gets one line as its answer. */
export class LineConsole {
  readonly #options: LineConsoleOptions
  readonly #session: SessionOptions
  readonly #server: Server
  readonly #clients = new Set<Client>()
  #count = 0
  #port = 0

  constructor(options: LineConsoleOptions) {
    const { topics, positions, topic, maxLineBytes, log } = options
    this.#options = options
    const [publisher, queues] = [new Publisher(options), new Queues(topics, positions)]
    this.#session = { topics, publisher, queues, positions, topic, group: DEFAULT_GROUP, maxLineBytes, log }
    // A script may close its side after its last command, and still gets its answers.
    this.#server = createServer({ allowHalfOpen: true }, socket => this.#accept(socket))
  }

  get port(): number {
    return this.#port
  }

  get clients(): number {
    return this.#clients.size
  }

  async start(): Promise<void> {
    const { port, host } = this.#options
    const listening = await listen(this.#server, {
      port,
      hosts: [host],
      portSetting: 'line.console.port',
      hostSetting: 'line.console.host',
    })
    this.#port = listening.port
    // For example too many open files: the new client is lost, but those that are connected are not.
    this.#server.on('error', err => this.#options.log.error({ err }, 'the line console could not accept a client'))
  }

  /** Accepts no new clients; connected ones get their pending answers within `graceMs`. Resolves when all connections are closed. */
  async stop(graceMs: number): Promise<void> {
    const closed = new Promise(resolve => this.#server.close(resolve))
    await Promise.all([...this.#clients].map(client => client.close(graceMs)))
    await closed
  }

  #accept(socket: Socket): void {
    const { maxClients = DEFAULT_MAX_CLIENTS, maxLineBytes, log } = this.#options
    if (this.#clients.size >= maxClients) {
      log.warn({ client: socket.remoteAddress, clients: maxClients }, 'the line console refused a client')
      socket.on('error', () => socket.destroy())
      socket.end(`${errorLine(`clients: got ${maxClients + 1}, expected at most ${maxClients} at a time`)}\n`, () => socket.destroy())
      return
    }
    const onIntruder = () =>
      log.warn({ client: socket.remoteAddress }, 'the line console closed a connection that spoke another protocol, such as HTTP')
    const client = new Client({ socket, session: new Session(this.#session, this.#count++), maxLineBytes, onIntruder })
    this.#clients.add(client)
    socket.on('close', () => this.#clients.delete(client))
  }
}
