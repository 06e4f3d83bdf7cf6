import { Code, ConnectError, type HandlerContext } from '@connectrpc/connect'

/**
 * The outcome of `begin`, or DEADLINE_EXCEEDED if the caller's deadline passes first. The work continues: a ping may still be
 * recorded, so its caller retries with the same id.
 */
export function withinDeadline<T>(context: HandlerContext, begin: () => Promise<T>): Promise<T> {
  refuseExpired(context)
  const leftMs = context.timeoutMs()
  return leftMs === undefined ? begin() : within(leftMs, begin)
}

async function within<T>(leftMs: number, begin: () => Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(deadlineExceeded()), Math.max(0, leftMs))
  })
  try {
    return await Promise.race([begin(), late])
  } finally {
    clearTimeout(timer)
  }
}

/** Throws DEADLINE_EXCEEDED if the caller's deadline has passed. */
export function refuseExpired(context: HandlerContext): void {
  const leftMs = context.timeoutMs()
  if (leftMs === undefined || leftMs > 0) return
  throw new ConnectError("the caller's deadline had passed before the call began; nothing was done", Code.DeadlineExceeded)
}

function deadlineExceeded(): ConnectError {
  return new ConnectError("the caller's deadline passed before the call finished; it may still take effect", Code.DeadlineExceeded)
}
