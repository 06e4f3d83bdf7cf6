import { listenForSignals } from '../src/runtime/listen-for-signals.ts'

const PARENT_CHECK_MS = 1_000

export interface StopRequests {
  /** Aborted by the first signal, or when npm is gone. */
  readonly stop: AbortSignal
  /** Aborted by a later signal. */
  readonly force: AbortSignal
}

/** Listens to Ctrl-C, kill and a closed terminal; `startedByNpm`: also stops when npm ends, for whatever reason. */
export function listenForStop(options: { startedByNpm: boolean }): StopRequests {
  const [stop, force] = [new AbortController(), new AbortController()]
  listenForSignals(['SIGINT', 'SIGTERM', 'SIGHUP'], {
    first: () => (stop.signal.aborted ? force : stop).abort(),
    again: () => force.abort(),
  })
  if (options.startedByNpm) {
    const parent = process.ppid
    setInterval(() => process.ppid !== parent && stop.abort(), PARENT_CHECK_MS).unref()
  }
  return { stop: stop.signal, force: force.signal }
}
