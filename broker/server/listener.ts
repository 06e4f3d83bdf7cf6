import { createServer, type AddressInfo, type Server, type Socket } from 'node:net'
import { listen } from '../../src/runtime/listen.ts'
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

/** A port that is free on one address may be taken on the next. */
const TRIES = 5

/** Where clients come in. */
export class Listener {
  readonly #options: ListenerOptions
  readonly #servers: Server[] = []
  readonly #connections = new Set<Connection>()
  readonly #addresses: string[] = []
  #port = 0

  constructor(options: ListenerOptions) {
    this.#options = options
  }

  get port(): number {
    return this.#port
  }

  get connections(): number {
    return this.#connections.size
  }

  /** Where it listens, as host:port. */
  get addresses(): readonly string[] {
    return this.#addresses
  }

  /** Throws `SettingsError` when the port is taken. */
  async start(): Promise<void> {
    const { port } = this.#options
    for (let triesLeft = port === 0 ? TRIES : 1; ; triesLeft--) {
      try {
        return await this.#listenOnAll(port)
      } catch (error) {
        this.#addresses.length = 0
        await Promise.all(this.#servers.splice(0).map(server => new Promise(resolve => server.close(resolve))))
        if (triesLeft === 1 || !isTaken(error as Error)) throw error
      }
    }
  }

  async #listenOnAll(port: number): Promise<void> {
    const [first, ...others] = this.#options.hosts
    this.#port = await this.#listen(first, port)
    for (const host of others) {
      await this.#listen(host, this.#port).catch(error => {
        if (!isMissingAddress(error)) throw error // else a machine without IPv6: what clients find of localhost is enough
      })
    }
  }

  async #listen(host: string | undefined, port: number): Promise<number> {
    const server = createServer({ allowHalfOpen: true }, socket => this.#accept(socket))
    const got = await listen(server, { port, host, portSetting: 'listeners', hostSetting: 'listeners' })
    // Such as no file descriptor left for one more: those that are here are served on.
    server.on('error', error => this.#options.log.error({ err: error }, 'a connection could not be taken'))
    this.#servers.push(server)
    const { address, family } = server.address() as AddressInfo
    this.#addresses.push(`${family === 'IPv6' ? `[${address}]` : address}:${got}`)
    return got
  }

  /** No new clients; those that are here get the answers that are being made, for at most `graceMs`. */
  async stop(graceMs: number): Promise<void> {
    const closed = this.#servers.map(server => new Promise(resolve => server.close(resolve)))
    await Promise.all([...this.#connections].map(connection => connection.close(graceMs)))
    await Promise.all(closed)
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
    return { host: host ?? plainAddress(socket.localAddress ?? ''), port: port === 0 ? this.#port : port }
  }
}

function isMissingAddress(error: Error): boolean {
  return ['EADDRNOTAVAIL', 'EAFNOSUPPORT'].includes(codeOf(error))
}

function isTaken(error: Error): boolean {
  return codeOf(error) === 'EADDRINUSE'
}

/** The system's, which our own error for it has as its cause. */
function codeOf(error: Error): string {
  return ((error.cause ?? error) as NodeJS.ErrnoException).code ?? ''
}
