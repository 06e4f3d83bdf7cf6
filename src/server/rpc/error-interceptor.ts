import type { DescMethod } from '@bufbuild/protobuf'
import { Code, ConnectError, type Interceptor } from '@connectrpc/connect'
import type { Logger } from '../../runtime/logger.ts'
import { toConnectError } from './connect-error.ts'

/** Gives every error its Connect code. One that nobody expected is logged here, once, and the caller sees none of it. */
export function errorInterceptor(log: Logger): Interceptor {
  return next => async request => {
    try {
      return await next(request)
    } catch (error) {
      throw toCallerError(error, request.method, log)
    }
  }
}

/** What a caller sees of an error. A stream, whose errors come after the interceptors, calls it itself. */
export function toCallerError(error: unknown, method: DescMethod, log: Logger): ConnectError {
  const known = toConnectError(error)
  if (known !== undefined) return known
  log.error({ err: error, method: method.name }, 'call failed')
  return new ConnectError('internal error', Code.Internal)
}
