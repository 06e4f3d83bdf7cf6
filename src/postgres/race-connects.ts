import { wait } from '../runtime/wait.ts'

/** While the first attempt hangs, another one starts this often. In ms. */
const FRESH_EVERY_MS = 1_000

export interface ConnectRace<T> {
  /** One attempt; closes what it opened and rejects when the signal is aborted. */
  readonly connect: (signal: AbortSignal) => Promise<T>
  /** Closes the connection of an attempt that lost the race. */
  readonly close: (connection: T) => void
  /** Time limit of the first attempt, in ms. */
  readonly limitMs: number
}

/**
 * The first connection that is established by racing attempts. The first attempt has the whole time limit, and its failure is the
 * result. While it is undecided, another attempt starts every second and has one second. So a slow server has enough time, and a
 * server that dropped the first attempt without an answer, as in a failover, is reached within a second of its recovery.
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
