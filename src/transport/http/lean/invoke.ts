import { create, type Message } from '@bufbuild/protobuf'
import type { HandlerContext, Interceptor, UnaryRequest, UnaryResponse } from '@connectrpc/connect'
import type { LeanCall } from './lean-call.ts'

/** Calls the handler through the interceptors. */
export async function invoke(call: LeanCall, message: Message): Promise<Message> {
  const { method, impl, options } = call.rpc
  const { interceptors } = options
  if (interceptors.length === 0) return create(method.output, await impl(message, call))
  const first: UnaryRequest = new InterceptedRequest(call, message)
  let next: Parameters<Interceptor>[0] = async request => {
    const { service, method: desc } = request
    const answer = create(method.output, await impl((request as UnaryRequest).message, contextOf(request as UnaryRequest, call)))
    return {
      stream: false,
      service,
      method: desc,
      message: answer,
      header: call.responseHeader,
      trailer: call.responseTrailer,
    } as UnaryResponse
  }
  for (let at = interceptors.length - 1; at >= 0; at--) next = interceptors[at]?.(next) ?? next
  const { message: answer, header, trailer } = (await next(first)) as UnaryResponse
  replace(call.responseHeader, header)
  replace(call.responseTrailer, trailer)
  return answer
}

/** The request that interceptors see. Its signal is created when one of them reads it. A copy has none and gets that of the call. */
class InterceptedRequest implements UnaryRequest {
  readonly stream = false
  readonly message: Message
  readonly method: UnaryRequest['method']
  readonly service: UnaryRequest['service']
  readonly requestMethod: string
  readonly url: string
  readonly header: Headers
  readonly contextValues: UnaryRequest['contextValues']
  readonly #call: LeanCall

  constructor(call: LeanCall, message: Message) {
    this.#call = call
    this.message = message
    this.method = call.method
    this.service = call.service
    this.requestMethod = call.requestMethod
    this.url = call.url
    this.header = call.requestHeader
    this.contextValues = call.values
  }

  get signal(): AbortSignal {
    return this.#call.signal
  }
}

/** The handler's context: the call, except for what an interceptor has replaced. */
function contextOf(request: UnaryRequest, call: LeanCall): HandlerContext {
  if (request instanceof InterceptedRequest) return call
  const { service, method, requestMethod, protocolName, url, responseHeader, responseTrailer, timeoutMs } = call
  const { header: requestHeader, contextValues: values, signal = call.signal } = request
  return { service, method, requestMethod, protocolName, url, responseHeader, responseTrailer, timeoutMs, requestHeader, values, signal }
}

function replace(own: Headers, given: Headers): void {
  if (own === given) return
  for (const name of Array.from(own.keys())) own.delete(name)
  for (const [name, value] of given) own.set(name, value)
}
