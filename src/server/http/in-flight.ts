import type { ServerResponse } from 'node:http'
import { constants, type Http2ServerRequest } from 'node:http2'
import type { HttpRequest, HttpResponse } from '../../runtime/answer-page.ts'

/** Time for the end of an answer to leave, before its stream is closed, in ms. */
const LAST_FRAMES_MS = 100

/** The requests that wait for their answer, oldest first. */
export class InFlight {
  readonly #answers = new Set<HttpResponse>()
  /** When those over HTTP/2 began. */
  readonly #startedAt = new Map<Http2ServerRequest, number>()
  /** One listener for all: it runs for every request. */
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
      this.#startedAt.set(request, performance.now())
      request.stream.once('finish', () => endHalfOpen(request))
    }
    if (this.#draining) closeAfter(response)
  }

  /** From now on each answer over HTTP/1.1 is the last of its connection. */
  drain(): void {
    this.#draining = true
    for (const response of this.#answers) closeAfter(response)
  }

  /** Resolves when nothing is in flight. */
  empty(): Promise<void> {
    if (this.#answers.size === 0) return Promise.resolve()
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
    for (const [request, startedAt] of this.#startedAt) {
      if (now - startedAt < maxMs) return
      if (!request.complete && !mayStayOpen(request)) request.stream.destroy()
    }
  }

  #remove(response: HttpResponse): void {
    const { req: request } = response
    this.#answers.delete(response)
    if (isHttp2(request)) this.#startedAt.delete(request)
    else if (!request.readableEnded) skipRest(request)
    if (this.#answers.size === 0) this.#emptied?.()
  }
}

/** Node itself skips only a body that nobody began to read. A reader that has stopped may not have taken its listener away. */
function skipRest(request: HttpRequest): void {
  request.removeAllListeners('readable').resume()
}

function closeAfter(response: HttpResponse): void {
  if (isHttp2(response.req) || response.headersSent) return
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
