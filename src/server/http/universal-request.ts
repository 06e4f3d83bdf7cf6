import { Code, ConnectError, createContextValues } from '@connectrpc/connect'
import type { UniversalServerRequest } from '@connectrpc/connect/protocol'
import type { HttpRequest, HttpResponse } from '../../runtime/answer-page.ts'
import { isFarDeadline } from '../rpc/time-out-header.ts'
import type { BodyType } from './content-type.ts'
import { fromText } from './web-text.ts'

/** The caller went away before the answer. One object for all: making an error with its stack for each call is dear. */
const GONE = new ConnectError('the caller closed the connection before the answer', Code.Canceled)
/** Names of codings, which are no matter of case (RFC 9110, 8.4.1). */
const CODINGS: readonly string[] = ['content-encoding', 'grpc-encoding', 'connect-content-encoding']

/**
 * Node's request as Connect's handlers take it. Connect's own conversion throws outside of any promise when the
 * Host header is absent or no host, which would end the process, and may destroy the connection of a body it
 * stops reading, so that the caller would not see why.
 *
 * @param type undefined: the message is in the URL, and a HEAD is a GET
 */
export function universalRequest(request: HttpRequest, response: HttpResponse, type: BodyType | undefined): UniversalServerRequest {
  const header = headerOf(request)
  if (type === undefined) header.delete('content-type')
  else header.set('content-type', type.contentType)
  const body = request.iterator({ destroyOnReturn: false }) as AsyncIterable<Uint8Array>
  return {
    httpVersion: request.httpVersion,
    method: type === undefined ? 'GET' : (request.method ?? ''),
    // Nothing is routed by the host, so it may be anything.
    url: `http://localhost${request.url}`,
    header,
    body: type?.isText === true ? fromText(body) : body,
    signal: goneSignal(request, response),
    contextValues: createContextValues(),
  }
}

/**
 * Aborted when the caller goes. Over HTTP/1.1 one who has closed the connection looks like one who has only ended its
 * own side and waits (`nc -N`): streams end then, and every call is still answered.
 */
function goneSignal(request: HttpRequest, response: HttpResponse): AbortSignal {
  const gone = new AbortController()
  const leave = (): void => {
    if (!response.writableEnded) gone.abort(GONE)
  }
  const { socket } = request
  if (!('stream' in request)) socket.once('end', leave)
  response.once('close', () => {
    if (!('stream' in request)) socket.removeListener('end', leave)
    leave()
  })
  return gone.signal
}

function headerOf(request: HttpRequest): Headers {
  const header = new Headers()
  for (const [name, value] of Object.entries(request.headers)) {
    if (value === undefined || name.startsWith(':')) continue
    if (typeof value === 'string' && isFarDeadline(name, value)) continue
    if (typeof value === 'string') header.append(name, CODINGS.includes(name) ? value.toLowerCase() : value)
    else for (const one of value) header.append(name, one)
  }
  return header
}
