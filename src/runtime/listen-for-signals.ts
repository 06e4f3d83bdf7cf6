/** One Ctrl-C under npm or npx arrives twice, from the terminal's process group and from npm: signals this close are one. */
const SAME_SIGNAL_MS = 500

export interface SignalListeners<Signal> {
  readonly first: (signal: Signal) => void
  /** Called by every further signal that is not the first one's echo. */
  readonly again: (signal: Signal) => void
}

/** Listens to these signals from now on, so that they no longer end the process. */
export function listenForSignals<Signal extends NodeJS.Signals>(
  signals: readonly Signal[],
  { first, again }: SignalListeners<Signal>,
): void {
  let firstMs: number | undefined
  for (const signal of signals) {
    process.on(signal, () => {
      const nowMs = performance.now()
      if (firstMs === undefined) {
        firstMs = nowMs
        first(signal)
      } else if (nowMs - firstMs >= SAME_SIGNAL_MS) again(signal)
    })
  }
}
