import { Code, ConnectError, createContextValues } from '@connectrpc/connect'
import type { UniversalServerRequest } from '@connectrpc/connect/protocol'
import type { HttpRequest, HttpResponse } from '../../runtime/answer-page.ts'
import { isFarDeadline } from '../rpc/time-out-header.ts'

/** The caller went away before the answer. One object for all: making an error with its stack for each call is dear. */
const GONE = new ConnectError('the caller closed the connection before the answer', Code.Canceled)

/**
 * Node's request as Connect's handlers take it. Connect's own conversion throws outside of any promise when the
 * Host header is absent or no host, which would end the process, and may destroy the connection of a body it
 * stops reading, so that the caller would not see why. Undefined: the host is none.
 */
export function universalRequest(request: HttpRequest, response: HttpResponse): UniversalServerRequest | undefined {
  const url = urlOf(request)
  if (url === undefined) return undefined
  const gone = new AbortController()
  response.once('close', () => {
    if (!response.writableEnded) gone.abort(GONE)
  })
  return {
    httpVersion: request.httpVersion,
    method: request.method ?? '',
    url,
    header: headerOf(request),
    body: request.iterator({ destroyOnReturn: false }) as AsyncIterable<Uint8Array>,
    signal: gone.signal,
    contextValues: createContextValues(),
  }
}

function urlOf(request: HttpRequest): string | undefined {
  const authority = 'authority' in request ? request.authority : request.headers.host
  // HTTP/1.0 needs no Host, and nothing here depends on it.
  return URL.parse(request.url ?? '', `http://${authority || 'localhost'}`)?.toString()
}

function headerOf(request: HttpRequest): Headers {
  const header = new Headers()
  for (const [name, value] of Object.entries(request.headers)) {
    if (value === undefined || name.startsWith(':')) continue
    if (typeof value === 'string' && isFarDeadline(name, value)) continue
    if (typeof value === 'string') header.append(name, value)
    else for (const one of value) header.append(name, one)
  }
  return header
}
