import type { ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { HttpRequest, HttpResponse } from '../../../runtime/answer-page.ts'
import { HEARTBEAT } from './stream-event.ts'

/** How long the end of a stream may take to be sent before its connection is closed, in ms. */
const LAST_BYTES_MS = 1_000

export interface EventWriterOptions {
  readonly heartbeatMs: number
  readonly stalledMs: number
  /** Called once: the reader has left, or the connection is broken. */
  readonly onClose: () => void
}

/** Writes events to one reader. It keeps no queue: the next event waits until the reader has taken the last one. */
export class EventWriter {
  /** Undefined over HTTP/2, where a reader that leaves closes its stream. */
  readonly #socket: Socket | undefined
  readonly #response: ServerResponse
  readonly #options: EventWriterOptions
  readonly #heartbeat: NodeJS.Timeout
  /** While the reader takes nothing: since when, by the monotonic clock. */
  #blocked: { readonly sinceMs: number; readonly over: PromiseWithResolvers<void> } | undefined
  #isOver = false
  /** A reader over HTTP/1.1 that ends its own side has left. Other requests may be sent that way, so the port keeps the connection open. */
  readonly #onEnd = (): void => this.#disconnect()

  constructor(request: HttpRequest, response: HttpResponse, options: EventWriterOptions) {
    this.#socket = 'stream' in request ? undefined : request.socket
    // The two response types declare `write` and `end` differently, so they cannot be called on the union.
    this.#response = response as ServerResponse
    this.#options = options
    this.#heartbeat = setInterval(() => this.#beat(), options.heartbeatMs).unref()
    this.#response.on('drain', () => this.#unblock())
    this.#response.once('close', () => this.#close())
    this.#socket?.once('end', this.#onEnd)
  }

  /** Resolves when the reader can take more, or has left. Never rejects. */
  async write(bytes: Uint8Array): Promise<void> {
    if (this.#blocked !== undefined) await this.#blocked.over.promise
    if (this.#isOver) return
    this.#heartbeat.refresh()
    if (this.#response.write(bytes)) return
    this.#blocked = { sinceMs: performance.now(), over: Promise.withResolvers() }
    await this.#blocked.over.promise
  }

  /** Ends the stream. A reader that takes nothing is disconnected, so that it holds up no stop. */
  end(): void {
    if (this.#isOver) return
    const isBlocked = this.#blocked !== undefined
    this.#stop()
    if (isBlocked) return this.#disconnect()
    this.#response.end()
    const late = setTimeout(() => this.#disconnect(), LAST_BYTES_MS).unref()
    this.#response.once('close', () => clearTimeout(late))
  }

  #beat(): void {
    if (this.#blocked === undefined) return void this.write(HEARTBEAT)
    if (performance.now() - this.#blocked.sinceMs >= this.#options.stalledMs) this.#disconnect()
  }

  #disconnect(): void {
    this.#response.destroy()
  }

  #close(): void {
    this.#stop()
    this.#options.onClose()
  }

  #stop(): void {
    this.#isOver = true
    this.#socket?.off('end', this.#onEnd)
    clearInterval(this.#heartbeat)
    this.#unblock()
  }

  #unblock(): void {
    this.#blocked?.over.resolve()
    this.#blocked = undefined
  }
}
