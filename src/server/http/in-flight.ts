import type { ServerResponse } from 'node:http'
import { constants, type Http2ServerRequest } from 'node:http2'
import type { HttpRequest, HttpResponse } from '../../runtime/answer-page.ts'

interface Entry {
  readonly request: HttpRequest
  readonly response: HttpResponse
  readonly startedAt: number
}

/** Time for the end of an answer to leave, before its stream is closed, in ms. */
const LAST_FRAMES_MS = 100

/** The requests that wait for their answer, oldest first. */
export class InFlight {
  readonly #entries = new Set<Entry>()
  #draining = false
  #emptied: (() => void) | undefined

  get size(): number {
    return this.#entries.size
  }

  add(request: HttpRequest, response: HttpResponse): void {
    const entry: Entry = { request, response, startedAt: performance.now() }
    this.#entries.add(entry)
    response.once('close', () => {
      this.#remove(entry)
      if (!isHttp2(request) && !request.readableEnded) skipRest(request)
    })
    if (isHttp2(request)) request.stream.once('finish', () => endHalfOpen(request))
    if (this.#draining) closeAfter(entry)
  }

  /** From now on each answer over HTTP/1.1 is the last of its connection. */
  drain(): void {
    this.#draining = true
    for (const entry of this.#entries) closeAfter(entry)
  }

  /** Resolves when nothing is in flight. */
  empty(): Promise<void> {
    if (this.#entries.size === 0) return Promise.resolve()
    return new Promise(resolve => {
      this.#emptied = resolve
    })
  }

  /**
   * Ends HTTP/2 requests whose body has not arrived after `maxMs`, but for those that `mayStayOpen`;
   * Node does it itself for HTTP/1.1.
   */
  cutSlow(maxMs: number, mayStayOpen: (request: HttpRequest) => boolean): void {
    const now = performance.now()
    for (const { request, startedAt } of this.#entries) {
      if (now - startedAt < maxMs) return
      if (isHttp2(request) && !request.complete && !mayStayOpen(request)) request.stream.destroy()
    }
  }

  #remove(entry: Entry): void {
    this.#entries.delete(entry)
    if (this.#entries.size === 0) this.#emptied?.()
  }
}

/** Node itself skips only a body that nobody began to read. A reader that has stopped may not have taken its listener away. */
function skipRest(request: HttpRequest): void {
  request.removeAllListeners('readable').resume()
}

function closeAfter({ request, response }: Entry): void {
  if (isHttp2(request) || response.headersSent) return
  const http1 = response as ServerResponse
  http1.setHeader('connection', 'close')
}

/** A request that was answered before all of it had come: its stream would stay until the caller ends it. */
function endHalfOpen(request: Http2ServerRequest): void {
  if (request.complete) return
  setTimeout(() => request.stream.close(constants.NGHTTP2_NO_ERROR), LAST_FRAMES_MS)
}

function isHttp2(request: HttpRequest): request is Http2ServerRequest {
  return 'stream' in request
}
