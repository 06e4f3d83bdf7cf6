/** One Ctrl-C under npm arrives twice, from the terminal's group and from npm: signals this close are one. */
const SAME_SIGNAL_MS = 500
const PARENT_CHECK_MS = 1_000

export interface StopRequests {
  /** Aborted by the first signal, or when npm is gone. */
  readonly stop: AbortSignal
  /** Aborted by a signal that comes later than that. */
  readonly force: AbortSignal
}

/** Listens to Ctrl-C, kill and a closed terminal; `startedByNpm`: ends with npm too, however that ended. */
export function listenForStop(options: { startedByNpm: boolean }): StopRequests {
  const [stop, force] = [new AbortController(), new AbortController()]
  let firstAt = 0
  const ask = () => {
    if (!stop.signal.aborted) {
      firstAt = Date.now()
      stop.abort()
    } else if (Date.now() - firstAt >= SAME_SIGNAL_MS) force.abort()
  }
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, ask)
  if (options.startedByNpm) {
    const parent = process.ppid
    setInterval(() => process.ppid !== parent && stop.abort(), PARENT_CHECK_MS).unref()
  }
  return { stop: stop.signal, force: force.signal }
}
