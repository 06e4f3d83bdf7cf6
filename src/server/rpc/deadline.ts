import { Code, ConnectError, type HandlerContext } from '@connectrpc/connect'

/**
 * The outcome of `answer`, or DEADLINE_EXCEEDED when the caller's own deadline passes first. What was
 * begun goes on: a ping may still be recorded, so its caller retries with the same id.
 */
export async function withinDeadline<T>(context: HandlerContext, answer: Promise<T>): Promise<T> {
  const leftMs = context.timeoutMs()
  if (leftMs === undefined) return answer
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(deadlineExceeded()), Math.max(0, leftMs))
  })
  try {
    return await Promise.race([answer, late])
  } finally {
    clearTimeout(timer)
  }
}

function deadlineExceeded(): ConnectError {
  return new ConnectError("not done within the caller's deadline; it may still be done", Code.DeadlineExceeded)
}
