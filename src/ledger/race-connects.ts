import { wait } from '../runtime/wait.ts'

/** A try that hangs is not worth waiting for: a fresh one is begun this often beside it. In ms. */
const FRESH_EVERY_MS = 1_000

export interface ConnectRace<T> {
  /** One try; it ends what it opened and rejects when the signal is aborted. */
  readonly connect: (signal: AbortSignal) => Promise<T>
  /** Ends a connection that came second. */
  readonly close: (connection: T) => void
  /** For the first try, in ms. */
  readonly limitMs: number
}

/**
 * The first connection that is made by two racing tries. The first is patient and decides about failure; while it is neither made
 * nor refused, a fresh one begins every second and has that second. So a server that is slow is waited for, and one that had
 * swallowed the first try without an answer, as in a failover, is reached within a second of its return.
 */
export async function raceConnects<T>({ connect, close, limitMs }: ConnectRace<T>): Promise<T> {
  const over = new AbortController()
  const first = Promise.withResolvers<T>()
  let isDecided = false
  const attempt = async (withinMs: number): Promise<void> => {
    const connection = await connect(AbortSignal.any([over.signal, AbortSignal.timeout(withinMs)]))
    if (isDecided) return close(connection)
    isDecided = true
    first.resolve(connection)
  }
  const attemptAgain = async (): Promise<void> => {
    await wait(FRESH_EVERY_MS, over.signal)
    while (!over.signal.aborted) {
      await Promise.all([attempt(FRESH_EVERY_MS).catch(() => undefined), wait(FRESH_EVERY_MS, over.signal)])
    }
  }
  void attemptAgain()
  attempt(limitMs).catch((error: unknown) => first.reject(error))
  try {
    return await first.promise
  } finally {
    isDecided = true
    over.abort()
  }
}
