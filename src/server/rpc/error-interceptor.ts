import { Code, ConnectError, type Interceptor } from '@connectrpc/connect'
import type { Logger } from '../../runtime/logger.ts'
import { toConnectError } from './connect-error.ts'

/** Gives every error its Connect code. One that nobody expected is logged here, once, and the caller sees none of it. */
export function errorInterceptor(log: Logger): Interceptor {
  return next => async request => {
    try {
      return await next(request)
    } catch (error) {
      const known = toConnectError(error)
      if (known !== undefined) throw known
      log.error({ err: error, method: request.method.name }, 'call failed')
      throw new ConnectError('internal error', Code.Internal)
    }
  }
}
