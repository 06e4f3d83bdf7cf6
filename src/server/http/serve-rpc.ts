import type { ServerResponse } from 'node:http'
import { Code, ConnectError } from '@connectrpc/connect'
import { universalResponseToNodeResponse } from '@connectrpc/connect-node'
import type { UniversalHandler } from '@connectrpc/connect/protocol'
import type { HttpRequest, HttpResponse } from '../../runtime/answer-page.ts'
import type { Logger } from '../../runtime/logger.ts'
import type { AccessCheck } from '../access/access.ts'
import { REFUSAL } from '../access/refuse.ts'
import { wrongContentType, wrongHost, wrongMethod, wrongQuery, type Accepts } from './teach.ts'
import { queryFault } from './query-fault.ts'
import { universalRequest } from './universal-request.ts'

const UNARY_CONTENT_TYPES = ['application/json', 'application/proto']
const GRPC_CONTENT_TYPES = ['application/grpc', 'application/grpc-web']
const STREAM_CONTENT_TYPES = ['application/connect+json', 'application/connect+proto']

export interface ServeRpcOptions {
  readonly log: Logger
  /** Undefined: everybody may call. */
  readonly access: AccessCheck | undefined
}

/** Hands a request to the handler of its path, or says why the handler cannot take it. */
export function serveRpc(handler: UniversalHandler, request: HttpRequest, response: HttpResponse, { log, access }: ServeRpcOptions): void {
  if (!handler.allowedMethods.includes(request.method ?? '')) return wrongMethod(request, response, acceptsOf(handler))
  if (!hasContentType(handler, request)) return wrongContentType(request, response, acceptsOf(handler))
  const fault = request.method === 'GET' ? queryFault(request.url ?? '') : undefined
  if (fault !== undefined) return wrongQuery(request, response, handler.requestPath, fault)
  const universal = universalRequest(request, response)
  if (universal === undefined) return wrongHost(request, response)
  universal.contextValues?.set(REFUSAL, access?.(request, handler.requestPath))
  handler(universal)
    .then(answer => universalResponseToNodeResponse(answer, response as ServerResponse))
    .catch((error: unknown) => {
      // The caller closed the connection while the answer was being written: no fault of ours.
      const { code } = ConnectError.from(error)
      if (code !== Code.Aborted && code !== Code.Canceled) log.error({ err: error, path: handler.requestPath }, 'answer failed')
      if (!response.writableEnded) response.destroy()
    })
}

function hasContentType(handler: UniversalHandler, request: HttpRequest): boolean {
  const contentType = request.headers['content-type']
  // A GET has its message in the URL.
  if (contentType === undefined) return request.method === 'GET'
  return handler.supportedContentType(contentType)
}

function acceptsOf(handler: UniversalHandler): Accepts {
  const own = handler.method.methodKind === 'unary' ? UNARY_CONTENT_TYPES : STREAM_CONTENT_TYPES
  const methods = [...new Set(handler.allowedMethods)]
  return { path: handler.requestPath, methods, contentTypes: [...own, ...GRPC_CONTENT_TYPES] }
}
