import { ConnectError, type HandlerContext } from '@connectrpc/connect'
import { rewriteError } from './rewrite-error.ts'

/** Connect's own context: it ends every call with `abort`, with the error as the reason when there is one, before it sends the error. */
type AbortableContext = HandlerContext & { abort(reason?: unknown): void }

/**
 * Rewrites the error that a call on Connect's handlers ends with, before it is sent. No interceptor could: a body that cannot be
 * read, is too long, or has an unknown compression ends the call before interceptors run. The signal does not serve either: the
 * deadline may have aborted it before, and then it keeps its first reason.
 */
export function rewriteOnAbort(anyContext: HandlerContext): void {
  const context = anyContext as AbortableContext
  const { abort } = context
  context.abort = reason => {
    if (reason instanceof ConnectError) rewriteError(reason, context.method)
    abort(reason)
  }
}
