import { Code, ConnectError, type HandlerContext } from '@connectrpc/connect'
import { codeToString } from '@connectrpc/connect/protocol-connect'
import type { Logger } from '../../runtime/logger.ts'

export interface CallMetrics {
  /** `method` as `ping.v1.PingService/Ping`; `code` is `ok` or a Connect code such as `invalid_argument`. */
  rpcEnded(method: string, code: string, seconds: number): void
}

/** Measures each call from its header to its end, including calls that end before an interceptor would see them. */
export interface CallMeter {
  /** For a call on Connect's handlers, when its header has arrived: notices its end by itself. */
  began(context: HandlerContext): void
  /** For a call on the lean way, when it ends. `reason` is its error, or undefined if there was none. */
  ended(context: HandlerContext, reason: unknown, ms: number): void
}

/** Counts, times and logs each call. It changes nothing. */
export function measureCalls(metrics: CallMetrics, log: Logger): CallMeter {
  const ended = ({ service, method, protocolName }: HandlerContext, reason: unknown, ms: number): void => {
    const name = `${service.typeName}/${method.name}`
    const code = outcome(reason)
    metrics.rpcEnded(name, code, ms / 1_000)
    if (log.isLevelEnabled('debug')) log.debug({ method: name, code, ms, protocol: protocolName }, 'call ended')
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
  }
}

function outcome(reason: unknown): string {
  if (reason instanceof ConnectError) return codeToString(reason.code)
  // Without an error Connect aborts with no reason, which the platform turns into an AbortError.
  if (reason instanceof Error && reason.name !== 'AbortError') return codeToString(Code.Internal)
  return 'ok'
}
