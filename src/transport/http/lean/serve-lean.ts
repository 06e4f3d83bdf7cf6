import type { HttpRequest, HttpResponse } from '../../../runtime/answer-page.ts'
import { REFUSAL } from '../../access/refuse.ts'
import type { ServeRpcOptions } from '../serve-rpc.ts'
import { callsOn } from './calls-on.ts'
import { LeanCall } from './lean-call.ts'
import type { LeanMethod } from './lean-method.ts'
import { leanRequest } from './lean-request.ts'
import { runCall } from './run-call.ts'

/**
 * Serves a unary Connect call over HTTP/1.1 without Connect's handlers, whose web streams, signals and iterators cost several times
 * as much as the call itself. Checks, interceptors, handler and answer are the same. Returns false if the request is of another kind,
 * or has an error that the lean way does not explain.
 */
export function serveLean(rpc: LeanMethod, request: HttpRequest, response: HttpResponse, { log, access }: ServeRpcOptions): boolean {
  if ('stream' in request || 'stream' in response) return false
  const asked = leanRequest(rpc, request)
  if (asked === undefined) return false
  const call = new LeanCall(rpc, request, response, asked)
  if (access !== undefined) call.values.set(REFUSAL, access(request, rpc.path))
  rpc.calls.arrived?.(call)
  runCall(call, callsOn(request.socket), log)
  return true
}
