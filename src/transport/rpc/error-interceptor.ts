import type { DescMethod } from '@bufbuild/protobuf'
import { Code, ConnectError, type Interceptor } from '@connectrpc/connect'
import type { Logger } from '../../runtime/logger.ts'
import { traceFields, type TracedCall } from './call-span.ts'
import { toConnectError } from './connect-error.ts'

/** Gives every error its Connect code. An unexpected error is logged here, once, and the caller sees no details of it. */
export function errorInterceptor(log: Logger): Interceptor {
  return next => async request => {
    try {
      const response = await next(request)
      return response.stream ? { ...response, message: mapped(response.message, request, log) } : response
    } catch (error) {
      throw toCallerError(error, request, log)
    }
  }
}

/**
 * The messages of a stream, whose errors occur after the interceptors. What is thrown into it is not an error of the call: the caller
 * left while a message was being sent. The stream ends then.
 */
async function* mapped<T>(messages: AsyncIterable<T>, call: FailedCall, log: Logger): AsyncGenerator<T> {
  const iterator = messages[Symbol.asyncIterator]()
  const next = (): Promise<IteratorResult<T>> =>
    iterator.next().catch((error: unknown) => {
      throw toCallerError(error, call, log)
    })
  try {
    for (let message = await next(); message.done !== true; message = await next()) yield message.value
  } finally {
    await iterator.return?.()
  }
}

type FailedCall = TracedCall & { readonly method: DescMethod }

/** The error that the caller sees. */
function toCallerError(error: unknown, call: FailedCall, log: Logger): ConnectError {
  const known = toConnectError(error)
  if (known !== undefined) return known
  log.error({ err: error, method: call.method.name, ...traceFields(call) }, 'call failed')
  return new ConnectError('internal error', Code.Internal)
}
