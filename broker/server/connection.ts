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
  /** A connection without a request for so long is closed; 0: never. */
  readonly maxIdleMs: number
  readonly log: Logger
}

/** IPv4 addresses without the prefix that they carry on a socket for both. */
export function plainAddress(address: string): string {
  return address.replace(/^::ffff:/, '')
}

/** So long one client is served without the others, in ms. */
const TURN_MS = 10

/** For the last answer to reach the client. */
const LEAST_GRACE_MS = 100

/**
 * One client. Its requests are served one at a time and in order, as Kafka does: a request that waits holds up those behind it.
 * Nothing more is read while a whole request waits or an answer is not sent, so a client cannot fill the memory.
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
    socket.on('error', () => socket.destroy()) // told by `close`
    socket.on('drain', () => this.#serve())
  }

  /** Resolves when what is being served is answered, or after `graceMs`; the connection is closed then. */
  async close(graceMs: number): Promise<void> {
    this.#gone.abort()
    const deadline = performance.now() + graceMs
    while (this.#isBusy && performance.now() < deadline) await new Promise(resolve => setTimeout(resolve, 5))
    if (this.#socket.destroyed) return
    this.#socket.destroySoon()
    // Who does not read what was sent is not waited for any longer.
    const timer = setTimeout(() => this.#socket.destroy(), Math.max(LEAST_GRACE_MS, deadline - performance.now()))
    this.#socket.on('close', () => clearTimeout(timer))
  }

  /** Nothing came or went for a while. */
  #idle(): void {
    if (!this.#isBusy) this.#socket.destroy()
  }

  #received(chunk: Buffer): void {
    this.#frames.add(chunk)
    this.#turnBegan = performance.now()
    this.#serve()
  }

  /** The client sends nothing more. What it has sent is served first, then what waits is answered with what there is. */
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

  /** Many small requests of one client are not to keep the others waiting. */
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
    else log.error({ client, err: error }, 'connection closed, the request failed')
    this.#socket.destroy()
  }
}
