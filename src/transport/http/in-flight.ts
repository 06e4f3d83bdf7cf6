import type { ServerResponse } from 'node:http'
import { constants, type Http2ServerRequest } from 'node:http2'
import type { HttpRequest, HttpResponse } from '../../runtime/answer-page.ts'
import { Line } from '../../runtime/line.ts'

/** How long the end of an answer may take to be sent before its stream is closed, in ms. */
const LAST_FRAMES_MS = 100

/** A request over HTTP/2, and when it began. */
interface Begun {
  readonly request: Http2ServerRequest
  readonly startedAt: number
}

/** The requests that wait for their answer, oldest first. */
export class InFlight {
  readonly #answers = new Line<HttpResponse>()
  readonly #http2 = new Line<Begun>()
  /** One listener for all requests, to save a closure for each. */
  readonly #closed: (this: HttpResponse) => void
  #draining = false
  #emptied: (() => void) | undefined

  constructor() {
    const remove = (response: HttpResponse): void => this.#remove(response)
    this.#closed = function () {
      remove(this)
    }
  }

  get size(): number {
    return this.#answers.size
  }

  add(request: HttpRequest, response: HttpResponse): void {
    this.#answers.add(response)
    response.on('close', this.#closed)
    if (isHttp2(request)) {
      const begun = { request, startedAt: performance.now() }
      this.#http2.add(begun)
      response.once('close', () => this.#http2.delete(begun))
      request.stream.once('finish', () => endHalfOpen(request))
    }
    if (this.#draining) closeAfter(response)
  }

  /** From now on, each answer over HTTP/1.1 closes its connection. */
  drain(): void {
    this.#draining = true
    for (const response of this.#answers.items()) closeAfter(response)
  }

  /** Resolves when nothing is in flight. */
  empty(): Promise<void> {
    if (this.#answers.size === 0) return Promise.resolve()
    return new Promise(resolve => {
      this.#emptied = resolve
    })
  }

  /**
   * Ends HTTP/2 requests whose body has not arrived after `maxMs`, except those that `mayStayOpen`. For HTTP/1.1, Node does so
   * itself.
   */
  cutSlow(maxMs: number, mayStayOpen: (request: HttpRequest) => boolean): void {
    const now = performance.now()
    for (const { request, startedAt } of this.#http2.items()) {
      if (now - startedAt < maxMs) return
      if (!request.complete && !mayStayOpen(request)) request.stream.destroy()
    }
  }

  #remove(response: HttpResponse): void {
    const { req: request } = response
    this.#answers.delete(response)
    if (!isHttp2(request) && !request.readableEnded) skipRest(request)
    if (this.#answers.size === 0) this.#emptied?.()
  }
}

/** Node itself skips only a body that was never read. A reader that has stopped may have left its listener. */
function skipRest(request: HttpRequest): void {
  request.removeAllListeners('readable').resume()
}

function closeAfter(response: HttpResponse): void {
  if (isHttp2(response.req) || response.headersSent) return
  const http1 = response as ServerResponse
  http1.setHeader('connection', 'close')
}

/** Closes the stream of a request that was answered before all of it arrived. Otherwise it would stay open until the caller ends it. */
function endHalfOpen(request: Http2ServerRequest): void {
  if (request.complete) return
  setTimeout(() => request.stream.close(constants.NGHTTP2_NO_ERROR), LAST_FRAMES_MS)
}

function isHttp2(request: HttpRequest): request is Http2ServerRequest {
  return 'stream' in request
}
