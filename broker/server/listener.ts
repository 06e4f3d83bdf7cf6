import { createServer, type Server, type Socket } from 'node:net'
import { listen, type Listening } from '../../src/runtime/listen.ts'
import type { Logger } from '../../src/runtime/logger.ts'
import { Connection, plainAddress } from './connection.ts'
import type { Dispatcher } from './dispatcher.ts'
import type { Endpoint } from './handler.ts'

export interface ListenerOptions {
  /** Addresses to listen on, the same port on each; undefined: all IPv4 and IPv6 addresses. */
  readonly hosts: readonly (string | undefined)[]
  /** 0: any free port. */
  readonly port: number
  /** The address that clients get. Port 0: the actual port; no host: the address that the client connected to. */
  readonly advertised: { readonly host: string | undefined; readonly port: number }
  readonly dispatcher: Dispatcher
  readonly maxRequestBytes: number
  /** Whether the broker has the maximum number of connections. */
  readonly isFull: () => boolean
  /** A connection that is idle for this time is closed; 0: never. */
  readonly maxIdleMs: number
  /** Called for each new connection. */
  readonly opened: () => void
  readonly log: Logger
}

/** Accepts connections on one port. */
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

  /** The addresses that it listens on, as host:port. */
  get addresses(): readonly string[] {
    return this.#listening?.addresses ?? []
  }

  /** Throws `SettingsError` if the port is in use. On a machine without IPv6, the second address of localhost is skipped. */
  async start(): Promise<void> {
    const { port, hosts, log } = this.#options
    this.#listening = await listen(this.#server, {
      port,
      hosts,
      mayBeMissing: hosts.slice(1),
      portSetting: 'listeners',
      hostSetting: 'listeners',
    })
    // For example no free file descriptor. The open connections still work.
    this.#server.on('error', error => log.error({ err: error }, 'could not accept a connection'))
  }

  /** Accepts no new connections. Requests in progress may take up to `graceMs`. */
  async stop(graceMs: number): Promise<void> {
    const closed = this.#listening?.close()
    await Promise.all([...this.#connections].map(connection => connection.close(graceMs)))
    await closed
  }

  #accept(socket: Socket): void {
    const { dispatcher, maxRequestBytes, isFull, maxIdleMs, log } = this.#options
    if (isFull()) {
      log.warn({ client: socket.remoteAddress }, 'connection refused, the limit max.connections is reached')
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
