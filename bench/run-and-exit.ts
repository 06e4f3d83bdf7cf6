import { Teardown } from './teardown.ts'

/** What every stage of a run uses. */
export interface Run {
  readonly startedAt: number
  /** Cleans up what outlives a stage if the run is interrupted. */
  readonly teardown: Teardown
  /** Reports the progress on standard error. */
  readonly progress: (text: string) => void
  /** Records that a figure must not be trusted, and why. */
  readonly complain: (what: string) => void
  /** Everything that was recorded so. */
  readonly invalid: readonly string[]
}

/**
 * Runs `measure` and ends the process: with 1 if it throws, complains, finds a fallen ratio, takes longer than `maxMs` or is
 * interrupted. The teardown runs in every case.
 */
export async function runAndExit(maxMs: number, measure: (run: Run) => Promise<'worse' | void>): Promise<never> {
  const startedAt = Date.now()
  const progress = (text: string): void => console.error(`${String(Math.round((Date.now() - startedAt) / 1000)).padStart(4)} s  ${text}`)
  const teardown = new Teardown()
  const invalid: string[] = []
  const complain = (what: string): void => {
    invalid.push(what)
    progress(`INVALID: ${what}`)
  }
  const isStopping = stopWhenInterrupted(maxMs, teardown, progress)
  try {
    const outcome = await measure({ startedAt, teardown, progress, complain, invalid })
    process.exitCode = outcome === 'worse' || invalid.length > 0 ? 1 : 0
  } catch (error) {
    if (!isStopping()) console.error(error)
    process.exitCode = 1
  } finally {
    await teardown.run()
  }
  process.exit()
}

function stopWhenInterrupted(maxMs: number, teardown: Teardown, progress: (text: string) => void): () => boolean {
  let isStopping = false
  const stop = async (why: string): Promise<void> => {
    if (isStopping) return
    isStopping = true
    progress(`stopping: ${why}`)
    await teardown.run()
    process.exit(1)
  }
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => void stop(signal))
  for (const event of ['uncaughtException', 'unhandledRejection'] as const) {
    process.on(event, (error: unknown) => {
      console.error(error)
      void stop(event)
    })
  }
  setTimeout(() => void stop(`not finished after ${maxMs / 1000} s`), maxMs).unref()
  return () => isStopping
}
