import type { ServerResponse } from 'node:http'
import { Code, ConnectError } from '@connectrpc/connect'
import { universalResponseToNodeResponse } from '@connectrpc/connect-node'
import type { UniversalHandler, UniversalServerResponse } from '@connectrpc/connect/protocol'
import type { HttpRequest, HttpResponse } from '../../runtime/answer-page.ts'
import type { Logger } from '../../runtime/logger.ts'
import type { AccessCheck } from '../access/access-check.ts'
import { REFUSAL } from '../access/refuse.ts'
import { bodyType, type BodyType } from './content-type.ts'
import { wrongContentType, wrongMethod, wrongQuery, wrongVersion, type Accepts } from './explanations.ts'
import { queryFault } from './query-fault.ts'
import { universalRequest } from './universal-request.ts'
import { asText } from './web-text.ts'

const UNARY_CONTENT_TYPES = ['application/json', 'application/proto']
const GRPC_CONTENT_TYPES = ['application/grpc', 'application/grpc-web', 'application/grpc-web-text']
const STREAM_CONTENT_TYPES = ['application/connect+json', 'application/connect+proto']

export interface ServeRpcOptions {
  readonly log: Logger
  /** Undefined: every caller is accepted. */
  readonly access: AccessCheck | undefined
}

/** Passes a request to the handler of its path, or answers why the handler cannot serve it. */
export function serveRpc(handler: UniversalHandler, request: HttpRequest, response: HttpResponse, { log, access }: ServeRpcOptions): void {
  const isGet = request.method === 'GET' || request.method === 'HEAD'
  if (!handler.allowedMethods.includes(isGet ? 'GET' : (request.method ?? ''))) return wrongMethod(request, response, acceptsOf(handler))
  if (handler.method.methodKind === 'bidi_streaming' && request.httpVersionMajor < 2) return wrongVersion(request, response)
  // A GET has its message in the URL.
  const type = isGet ? undefined : bodyType(handler, request.headers['content-type'])
  if (!isGet && type === undefined) return wrongContentType(request, response, acceptsOf(handler))
  const fault = isGet ? queryFault(request.url ?? '') : undefined
  if (fault !== undefined) return wrongQuery(request, response, handler.requestPath, fault)
  const universal = universalRequest(request, response, type)
  universal.contextValues?.set(REFUSAL, access?.(request, handler.requestPath))
  handler(universal)
    .then(answer => universalResponseToNodeResponse(shaped(answer, request, type), response as ServerResponse))
    .catch((error: unknown) => {
      // Not an error of the server: the caller closed the connection while the answer was being written.
      const { code } = ConnectError.from(error)
      if (code !== Code.Aborted && code !== Code.Canceled) log.error({ err: error, path: handler.requestPath }, 'could not send the answer')
      if (!response.writableEnded) response.destroy()
    })
}

function shaped(answer: UniversalServerResponse, { method }: HttpRequest, type: BodyType | undefined): UniversalServerResponse {
  if (type?.isText === true) return asText(answer)
  if (method !== 'HEAD') return answer
  const { body: _, ...head } = answer
  return head
}

function acceptsOf(handler: UniversalHandler): Accepts {
  const own = handler.method.methodKind === 'unary' ? UNARY_CONTENT_TYPES : STREAM_CONTENT_TYPES
  const methods = handler.allowedMethods.flatMap(method => (method === 'GET' ? ['GET', 'HEAD'] : method))
  return { path: handler.requestPath, methods: [...new Set(methods)], contentTypes: [...own, ...GRPC_CONTENT_TYPES] }
}
