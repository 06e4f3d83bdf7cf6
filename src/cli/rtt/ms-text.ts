/** Latencies for people, in ms: with µs where they are known, and with at most four digits. */
export function msText(ms: number): string {
  if (ms < 10) return ms.toFixed(3)
  if (ms < 100) return ms.toFixed(2)
  return ms < 1_000 ? ms.toFixed(1) : ms.toFixed(0)
}

/** `10 s`, `0.2 s`. */
export function secondsText(ms: number): string {
  return `${Number((ms / 1_000).toFixed(3))} s`
}
