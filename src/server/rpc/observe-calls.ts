import { Code, ConnectError, type HandlerContext } from '@connectrpc/connect'
import { codeToString } from '@connectrpc/connect/protocol-connect'
import type { Logger } from '../../runtime/logger.ts'
import { tidyProtocolError } from './tidy-protocol-error.ts'

export interface CallMetrics {
  /** `method` as `ping.v1.PingService/Ping`; `code` is `ok` or a Connect code such as `invalid_argument`. */
  rpcEnded(method: string, code: string, seconds: number): void
}

/** Connect's own context: it ends every call with `abort`, with the error as the reason when there is one, before it sends the error. */
type AbortableContext = HandlerContext & { abort(reason?: unknown): void }

/**
 * Sees each call from its header to its end, those included that end before an interceptor would: a
 * body that cannot be read, is too long, or asks for an unknown compression.
 */
export function observeCalls(metrics: CallMetrics, log: Logger): (context: HandlerContext) => void {
  return context => {
    const startedAt = performance.now()
    tidyErrors(context as AbortableContext)
    const ended = (): void => {
      const method = `${context.service.typeName}/${context.method.name}`
      const code = outcome(context.signal.reason)
      const ms = performance.now() - startedAt
      metrics.rpcEnded(method, code, ms / 1_000)
      if (log.isLevelEnabled('debug')) log.debug({ method, code, ms, protocol: context.protocolName }, 'call ended')
    }
    if (context.signal.aborted) return ended() // its deadline has passed, or its caller is gone
    context.signal.addEventListener('abort', ended, { once: true })
  }
}

/** Not by the signal: that may have been aborted before, by the deadline, and then keeps its first reason. */
function tidyErrors(context: AbortableContext): void {
  const { abort } = context
  context.abort = reason => {
    if (reason instanceof ConnectError) tidyProtocolError(reason, context.method)
    abort(reason)
  }
}

function outcome(reason: unknown): string {
  if (reason instanceof ConnectError) return codeToString(reason.code)
  // Without an error Connect aborts with no reason, which the platform turns into an AbortError.
  if (reason instanceof Error && reason.name !== 'AbortError') return codeToString(Code.Internal)
  return 'ok'
}
