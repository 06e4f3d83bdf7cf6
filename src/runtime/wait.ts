import { setTimeout as delay } from 'node:timers/promises'

/** Resolves after `ms`, or at once when `signal` is aborted; never rejects. */
export async function wait(ms: number, signal?: AbortSignal): Promise<void> {
  await delay(Math.max(0, ms), undefined, signal ? { signal } : {}).catch(() => undefined)
}

/** The outcome of `promise`, or a rejection with `message` after `ms`. The promise itself continues. */
export async function within<T>(ms: number, message: string, promise: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new TimeoutError(message)), ms)
  })
  try {
    return await Promise.race([promise, late])
  } finally {
    clearTimeout(timer)
  }
}

export class TimeoutError extends Error {
  override readonly name = 'TimeoutError'
}
