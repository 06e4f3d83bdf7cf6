import { Code, ConnectError, createContextValues } from '@connectrpc/connect'
import type { UniversalServerRequest } from '@connectrpc/connect/protocol'
import type { HttpRequest, HttpResponse } from '../../runtime/answer-page.ts'
import type { BodyType } from './content-type.ts'
import { webHeaders } from './web-headers.ts'
import { fromText } from './web-text.ts'

/** The caller went away before the answer. One object for all: making an error with its stack for each call is dear. */
const GONE = new ConnectError('the caller closed the connection before the answer', Code.Canceled)

/**
 * Node's request as Connect's handlers take it. Connect's own conversion throws outside of any promise when the
 * Host header is absent or no host, which would end the process, and may destroy the connection of a body it
 * stops reading, so that the caller would not see why.
 *
 * @param type undefined: the message is in the URL, and a HEAD is a GET
 */
export function universalRequest(request: HttpRequest, response: HttpResponse, type: BodyType | undefined): UniversalServerRequest {
  const body = request.iterator({ destroyOnReturn: false }) as AsyncIterable<Uint8Array>
  return {
    httpVersion: request.httpVersion,
    method: type === undefined ? 'GET' : (request.method ?? ''),
    // Nothing is routed by the host, so it may be anything.
    url: `http://localhost${request.url}`,
    header: webHeaders(request.headers, type?.contentType),
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
