import { createServer, type Server, type Socket } from 'node:net'
import { listen, type Listening } from '../../src/runtime/listen.ts'
import type { Logger } from '../../src/runtime/logger.ts'
import { Connection, plainAddress } from './connection.ts'
import type { Dispatcher } from './dispatcher.ts'
import type { Endpoint } from './handler.ts'

export interface ListenerOptions {
  /** Addresses to listen on, the same port on each; undefined: all, IPv4 and IPv6. */
  readonly hosts: readonly (string | undefined)[]
  /** 0: any free port. */
  readonly port: number
  /** What clients are told; the port where they came in when it is 0, the address where they came in when the host is undefined. */
  readonly advertised: { readonly host: string | undefined; readonly port: number }
  readonly dispatcher: Dispatcher
  readonly maxRequestBytes: number
  /** Whether the broker has as many connections as it may have. */
  readonly isFull: () => boolean
  /** A connection without a request for so long is closed; 0: never. */
  readonly maxIdleMs: number
  /** Told of each new connection. */
  readonly opened: () => void
  readonly log: Logger
}

/** Where clients come in. */
export class Listener {
  readonly #options: ListenerOptions
  readonly #server: Server
  readonly #connections = new Set<Connection>()
  #listening: Listening | undefined

  constructor(options: ListenerOptions) {
    this.#options = options
    this.#server = createServer({ allowHalfOpen: true }, socket => this.#accept(socket))
  }

  get port(): number {
    return this.#listening?.port ?? 0
  }

  get connections(): number {
    return this.#connections.size
  }

  /** Where it listens, as host:port. */
  get addresses(): readonly string[] {
    return this.#listening?.addresses ?? []
  }

  /** Throws `SettingsError` when the port is taken. A machine without IPv6 does without the second address of localhost. */
  async start(): Promise<void> {
    const { port, hosts, log } = this.#options
    this.#listening = await listen(this.#server, {
      port,
      hosts,
      mayBeMissing: hosts.slice(1),
      portSetting: 'listeners',
      hostSetting: 'listeners',
    })
    // Such as no file descriptor left for one more: those that are here are served on.
    this.#server.on('error', error => log.error({ err: error }, 'a connection could not be taken'))
  }

  /** No new clients; those that are here get the answers that are being made, for at most `graceMs`. */
  async stop(graceMs: number): Promise<void> {
    const closed = this.#listening?.close()
    await Promise.all([...this.#connections].map(connection => connection.close(graceMs)))
    await closed
  }

  #accept(socket: Socket): void {
    const { dispatcher, maxRequestBytes, isFull, maxIdleMs, log } = this.#options
    if (isFull()) {
      log.warn({ client: socket.remoteAddress }, 'connection refused, there are max.connections')
      socket.destroy()
      return
    }
    this.#options.opened()
    const connection = new Connection({ socket, dispatcher, maxRequestBytes, maxIdleMs, log, advertised: this.#advertised(socket) })
    this.#connections.add(connection)
    socket.on('close', () => this.#connections.delete(connection))
  }

  #advertised(socket: Socket): Endpoint {
    const { host, port } = this.#options.advertised
    return { host: host ?? plainAddress(socket.localAddress ?? ''), port: port === 0 ? this.port : port }
  }
}
