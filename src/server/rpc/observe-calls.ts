import type { DescMethod } from '@bufbuild/protobuf'
import { Code, ConnectError, type HandlerContext } from '@connectrpc/connect'
import { codeToString } from '@connectrpc/connect/protocol-connect'
import type { Logger } from '../../runtime/logger.ts'
import { tidyProtocolError } from './tidy-protocol-error.ts'

export interface CallMetrics {
  /** `method` as `ping.v1.PingService/Ping`; `code` is `ok` or a Connect code such as `invalid_argument`. */
  rpcEnded(method: string, code: string, seconds: number): void
}

/** Sees each call from its header to its end, those included that end before an interceptor would see them. */
export interface CallObserver {
  /** Of a call on Connect's handlers, when its header is there: sees to the rest by itself. */
  began(context: HandlerContext): void
  /** Of a call on the lean way: mends an error before it is sent. */
  tidy(error: ConnectError, method: DescMethod): void
  /** Of a call on the lean way. `reason` is the error, or undefined: there was none. */
  ended(context: HandlerContext, reason: unknown, ms: number): void
}

/** Connect's own context: it ends every call with `abort`, with the error as the reason when there is one, before it sends the error. */
type AbortableContext = HandlerContext & { abort(reason?: unknown): void }

/**
 * Counts and logs each call, and mends its error, those included that end before an interceptor would: a
 * body that cannot be read, is too long, or asks for an unknown compression.
 */
export function observeCalls(metrics: CallMetrics, log: Logger): CallObserver {
  const ended = ({ service, method, protocolName }: HandlerContext, reason: unknown, ms: number): void => {
    const name = `${service.typeName}/${method.name}`
    const code = outcome(reason)
    metrics.rpcEnded(name, code, ms / 1_000)
    if (log.isLevelEnabled('debug')) log.debug({ method: name, code, ms, protocol: protocolName }, 'call ended')
  }
  return {
    began(context) {
      const startedAt = performance.now()
      tidyErrors(context as AbortableContext)
      const { signal } = context
      const onAbort = (): void => ended(context, signal.reason, performance.now() - startedAt)
      if (signal.aborted) return onAbort() // its deadline has passed, or its caller is gone
      signal.addEventListener('abort', onAbort, { once: true })
    },
    tidy: tidyProtocolError,
    ended,
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
