import type { DescMethod } from '@bufbuild/protobuf'
import { Code, ConnectError, type Interceptor } from '@connectrpc/connect'
import type { Logger } from '../../runtime/logger.ts'
import { toConnectError } from './connect-error.ts'

/** Gives every error its Connect code. An unexpected error is logged here, once, and the caller sees no details of it. */
export function errorInterceptor(log: Logger): Interceptor {
  return next => async request => {
    try {
      return await next(request)
    } catch (error) {
      throw toCallerError(error, request.method, log)
    }
  }
}

/** The error that the caller sees. Streams call this themselves, because their errors occur after the interceptors. */
export function toCallerError(error: unknown, method: DescMethod, log: Logger): ConnectError {
  const known = toConnectError(error)
  if (known !== undefined) return known
  log.error({ err: error, method: method.name }, 'call failed')
  return new ConnectError('internal error', Code.Internal)
}
