import type { Format } from './format.ts'

const UNIT_SECONDS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3_600 }
const MAX_PER_SECOND = 1_000_000

/** Pings per second; a plain number is per second. */
export const rate: Format<number> = {
  expected: `a rate above 0 and at most ${MAX_PER_SECOND} per second, such as 100 (per second), 0.5/s, 30/m or 600/h`,
  parse: text => {
    const match = /^(\d{1,9}(?:\.\d{1,6})?)(?:\/(s|m|h))?$/.exec(text)
    if (!match) return undefined
    const perSecond = Number(match[1]) / (UNIT_SECONDS[match[2] ?? 's'] ?? Number.NaN)
    return perSecond > 0 && perSecond <= MAX_PER_SECOND ? perSecond : undefined
  },
}
