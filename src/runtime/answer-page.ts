import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Http2ServerRequest, Http2ServerResponse } from 'node:http2'
import type { Page } from './status-pages.ts'

/** A request over HTTP/1.1 or HTTP/2. */
export type HttpRequest = IncomingMessage | Http2ServerRequest
/** The answer to an `HttpRequest`. */
export type HttpResponse = ServerResponse | Http2ServerResponse

/** Answers GET and HEAD with the page, other methods with 405. */
export function answerPage(request: HttpRequest, response: HttpResponse, page: Page): void {
  if (request.method === 'GET' || request.method === 'HEAD') return send(request, response, page)
  wrongMethod(request, response)
}

/** Answers a method other than GET and HEAD. */
export function wrongMethod(request: HttpRequest, response: HttpResponse): void {
  const body = `method: got ${request.method}, expected GET\n`
  send(request, response, { status: 405, type: 'text/plain; charset=utf-8', body }, { allow: 'GET, HEAD' })
}

/** Sends a whole page. */
export function send(request: HttpRequest, response: HttpResponse, page: Page, headers: Readonly<Record<string, string>> = {}): void {
  const bytes = typeof page.body === 'string' ? Buffer.from(page.body) : page.body
  const head = {
    // An answer without content has nothing to describe.
    ...(page.status !== 304 && page.status !== 204 && { 'content-type': page.type, 'content-length': bytes.length }),
    'x-content-type-options': 'nosniff',
    ...page.headers,
    ...headers,
  }
  // The two response types declare `writeHead` and `end` differently, so they cannot be called on the union.
  const anyResponse = response as ServerResponse
  const vary = anyResponse.getHeader('vary')
  if (vary !== undefined && page.headers?.['vary'] !== undefined) Object.assign(head, { vary: `${vary}, ${page.headers['vary']}` })
  anyResponse.writeHead(page.status, head)
  anyResponse.end(request.method === 'HEAD' ? undefined : bytes)
}
