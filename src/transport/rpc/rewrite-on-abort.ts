import { ConnectError, type HandlerContext } from '@connectrpc/connect'
import { rewriteError } from './rewrite-error.ts'

/** Connect's own context. It ends every call with `abort`, with the error, if any, as the reason, before it sends the error. */
type AbortableContext = HandlerContext & { abort(reason?: unknown): void }

/**
 * Rewrites the error that ends a call on Connect's handlers, before it is sent. An interceptor could not do so: a body that cannot
 * be read, is too long, or has an unknown compression ends the call before interceptors run. The signal could not either: if the
 * deadline has already aborted it, it keeps its first reason.
 */
export function rewriteOnAbort(anyContext: HandlerContext): void {
  const context = anyContext as AbortableContext
  const { abort } = context
  context.abort = reason => {
    if (reason instanceof ConnectError) rewriteError(reason, context.method)
    abort(reason)
  }
}
