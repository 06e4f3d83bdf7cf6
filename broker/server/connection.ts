import type { Socket } from 'node:net'
import type { Logger } from '../../src/runtime/logger.ts'
import { HangUp } from '../errors.ts'
import { WireError } from '../wire/wire-error.ts'
import type { Dispatcher } from './dispatcher.ts'
import { Frames } from './frames.ts'
import type { Call, Endpoint } from './handler.ts'

export interface ConnectionOptions {
  readonly socket: Socket
  readonly dispatcher: Dispatcher
  readonly advertised: Endpoint
  readonly maxRequestBytes: number
  /** A connection that is idle for this time is closed; 0: never. */
  readonly maxIdleMs: number
  readonly log: Logger
}

/** Removes the prefix of IPv4 addresses on a socket for IPv4 and IPv6. */
export function plainAddress(address: string): string {
  return address.replace(/^::ffff:/, '')
}

/** Maximum time that one client is served before the others get their turn, in ms. */
const TURN_MS = 10

/** Time for the last response to reach the client. */
const MIN_GRACE_MS = 100

/**
 * One client. Its requests are served one at a time and in order, as in Kafka: a request that waits blocks those after it. The connection
 * reads nothing while a complete request waits or a response is not sent, so a client cannot fill the memory.
 */
export class Connection {
  readonly #socket: Socket
  readonly #frames: Frames
  readonly #options: ConnectionOptions
  readonly #gone = new AbortController()
  readonly #call: Omit<Call, 'version' | 'clientId'>
  #isBusy = false
  #hasEnded = false
  #turnBegan = 0

  constructor(options: ConnectionOptions) {
    const { socket, advertised, maxRequestBytes, maxIdleMs } = options
    this.#socket = socket
    this.#options = options
    this.#frames = new Frames(maxRequestBytes)
    this.#call = { clientHost: `/${plainAddress(socket.remoteAddress ?? '')}`, advertised, signal: this.#gone.signal }
    socket.setNoDelay(true)
    socket.setKeepAlive(true)
    socket.setTimeout(maxIdleMs, () => this.#idle())
    socket.on('data', chunk => this.#received(chunk as Buffer))
    socket.on('end', () => this.#ended())
    socket.on('close', () => this.#gone.abort())
    socket.on('error', () => socket.destroy()) // `close` follows
    socket.on('drain', () => this.#serve())
  }

  /** Closes the connection after the response to the request in progress, or after `graceMs`. */
  async close(graceMs: number): Promise<void> {
    this.#gone.abort()
    const deadline = performance.now() + graceMs
    while (this.#isBusy && performance.now() < deadline) await new Promise(resolve => setTimeout(resolve, 5))
    if (this.#socket.destroyed) return
    this.#socket.destroySoon()
    // A client that does not read its responses is not waited for any longer.
    const timer = setTimeout(() => this.#socket.destroy(), Math.max(MIN_GRACE_MS, deadline - performance.now()))
    this.#socket.on('close', () => clearTimeout(timer))
  }

  /** Nothing was received or sent for a while. */
  #idle(): void {
    if (!this.#isBusy) this.#socket.destroy()
  }

  #received(chunk: Buffer): void {
    this.#frames.add(chunk)
    this.#turnBegan = performance.now()
    this.#serve()
  }

  /** The client sends nothing more. Its remaining requests are served, then a request that waits gets a response with what is available. */
  #ended(): void {
    this.#hasEnded = true
    this.#serve()
  }

  #serve(): void {
    try {
      while (!this.#isBusy && !this.#socket.writableNeedDrain && !this.#socket.destroyed) {
        if (this.#frames.isReady && performance.now() - this.#turnBegan > TURN_MS) return this.#letOthers()
        const frame = this.#frames.next()
        if (frame === undefined) break
        this.#request(frame)
      }
      if (this.#frames.isReady) this.#socket.pause()
      else if (this.#hasEnded) this.#finish()
      else this.#socket.resume()
    } catch (error) {
      this.#hangUp(error)
    }
  }

  /** Many small requests of one client must not make the others wait. */
  #letOthers(): void {
    this.#isBusy = true
    setImmediate(() => {
      this.#isBusy = false
      this.#turnBegan = performance.now()
      this.#serve()
    })
  }

  #finish(): void {
    this.#gone.abort()
    if (!this.#isBusy) this.#socket.end()
  }

  #request(frame: Buffer): void {
    const outcome = this.#options.dispatcher.dispatch(frame, this.#call)
    if (!(outcome instanceof Promise)) return this.#send(outcome)
    this.#isBusy = true
    outcome
      .then(
        chunks => this.#send(chunks),
        (error: unknown) => this.#hangUp(error),
      )
      .finally(() => {
        this.#isBusy = false
        this.#serve()
      })
  }

  #send(chunks: readonly Buffer[] | undefined): void {
    if (chunks === undefined || this.#socket.destroyed) return
    if (chunks.length === 1) {
      this.#socket.write(chunks[0]!)
      return
    }
    this.#socket.cork()
    for (const chunk of chunks) this.#socket.write(chunk)
    this.#socket.uncork()
  }

  #hangUp(error: unknown): void {
    const { log } = this.#options
    const client = this.#socket.remoteAddress
    if (error instanceof WireError || error instanceof HangUp) log.warn({ client, reason: error.message }, 'connection closed')
    else log.error({ client, err: error }, 'connection closed because a request failed')
    this.#socket.destroy()
  }
}
