import { Code, ConnectError, createContextValues } from '@connectrpc/connect'
import type { UniversalServerRequest } from '@connectrpc/connect/protocol'
import type { HttpRequest, HttpResponse } from '../../runtime/answer-page.ts'
import type { BodyType } from './content-type.ts'
import { webHeaders } from './web-headers.ts'
import { fromText } from './web-text.ts'

/** The caller disconnected before the answer. One object for all calls: creating an error with its stack for each is expensive. */
const GONE = new ConnectError('the caller closed the connection before it was answered', Code.Canceled)

/**
 * Converts Node's request to that of Connect's handlers. Connect's own conversion throws outside of any promise if the Host header is
 * missing or invalid, which would end the process. It may also destroy the connection of a body that it stops reading, so that the
 * caller would not get the error.
 *
 * @param type undefined: the message is in the URL, and a HEAD is a GET
 */
export function universalRequest(request: HttpRequest, response: HttpResponse, type: BodyType | undefined): UniversalServerRequest {
  const body = request.iterator({ destroyOnReturn: false }) as AsyncIterable<Uint8Array>
  return {
    httpVersion: request.httpVersion,
    method: type === undefined ? 'GET' : (request.method ?? ''),
    // No routing depends on the host, so it may be anything.
    url: `http://localhost${request.url}`,
    header: webHeaders(request.headers, type?.contentType),
    body: type?.isText === true ? fromText(body) : body,
    signal: goneSignal(request, response),
    contextValues: createContextValues(),
  }
}

/**
 * Aborted when the caller disconnects. Over HTTP/1.1 a caller that has closed the connection looks like one that has only ended its
 * own side and waits (`nc -N`). Streams end then, and every call still gets an answer.
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
