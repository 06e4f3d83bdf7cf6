import type { Format } from './format.ts'

const UNIT_MS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 }
/** What a Node timer can wait. */
const MAX_MS = 2 ** 31 - 1

/** A span of time with its unit, in ms. `min` in ms. */
export function duration(min: number): Format<number> {
  const minimum = min > 0 ? `, at least ${min}ms` : ''
  return {
    expected: `a duration with a unit, such as 500ms, 2s, 1.5m or 1h${minimum}`,
    parse: text => {
      const match = /^(\d{1,9}(?:\.\d{1,6})?)(ms|s|m|h)$/.exec(text)
      if (!match) return undefined
      const ms = Number(match[1]) * (UNIT_MS[match[2] ?? ''] ?? Number.NaN)
      return ms >= min && ms <= MAX_MS ? ms : undefined
    },
  }
}

/** A span of time for people: "120 ms", "2.5 s", "3 min 20 s". */
export function formatDuration(ms: number): string {
  if (ms < 10) return `${trim(ms.toFixed(1))} ms`
  if (ms < 1_000) return `${Math.round(ms)} ms`
  if (ms < 60_000) return `${trim((ms / 1_000).toFixed(1))} s`
  const seconds = Math.round(ms / 1_000)
  if (seconds < 3_600) return `${Math.floor(seconds / 60)} min ${seconds % 60} s`
  return `${Math.floor(seconds / 3_600)} h ${Math.floor((seconds % 3_600) / 60)} min`
}

function trim(decimal: string): string {
  return decimal.replace(/\.0$/, '')
}
