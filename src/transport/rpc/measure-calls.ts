import { Code, ConnectError, type HandlerContext } from '@connectrpc/connect'
import { codeToString } from '@connectrpc/connect/protocol-connect'
import type { Logger } from '../../runtime/logger.ts'
import { traceFields } from './call-span.ts'

export interface CallMetrics {
  /** `method` as `ping.v1.PingService/Ping`, or the template of a route; `code` is `ok` or a Connect code such as `invalid_argument`. */
  rpcEnded(method: string, code: string, seconds: number): void
}

/** Measures each call from its headers to its end, including calls that end before the interceptors run. */
export interface CallMeter {
  /** To be called when the headers of a call on the lean way have arrived, if it is there. */
  readonly arrived?: (context: HandlerContext) => void
  /** To be called when the headers of a call on Connect's handlers have arrived. It detects the end of the call itself. */
  began(context: HandlerContext): void
  /** To be called when a call on the lean way ends. `reason` is its error, or undefined if there was none. */
  ended(context: HandlerContext, reason: unknown, ms: number): void
  /** To be called when a request for a route ends. `route` is its template, such as `GET /command/{commandId}`. */
  routeEnded(route: string, code: string, ms: number): void
}

/** Counts, times and logs each call without changing it. */
export function measureCalls(metrics: CallMetrics, log: Logger): CallMeter {
  const ended = (context: HandlerContext, reason: unknown, ms: number): void => {
    const { service, method, protocolName } = context
    const name = `${service.typeName}/${method.name}`
    const code = outcome(reason)
    metrics.rpcEnded(name, code, ms / 1_000)
    if (log.isLevelEnabled('debug')) log.debug({ method: name, code, ms, protocol: protocolName, ...traceFields(context) }, 'call ended')
  }
  return {
    began(context) {
      const startedAt = performance.now()
      const { signal } = context
      const onAbort = (): void => ended(context, signal.reason, performance.now() - startedAt)
      if (signal.aborted) return onAbort() // its deadline has passed, or its caller has disconnected
      signal.addEventListener('abort', onAbort, { once: true })
    },
    ended,
    routeEnded(route, code, ms) {
      metrics.rpcEnded(route, code, ms / 1_000)
      if (log.isLevelEnabled('debug')) log.debug({ method: route, code, ms, protocol: 'rest' }, 'call ended')
    },
  }
}

/** `ok`, or the code of the error that ended a call, such as `invalid_argument`. */
export function outcome(reason: unknown): string {
  if (reason instanceof ConnectError) return codeToString(reason.code)
  // After a success, Connect aborts without a reason, so the reason is the platform's AbortError.
  if (reason instanceof Error && reason.name !== 'AbortError') return codeToString(Code.Internal)
  return 'ok'
}
