import type { Count } from '../count-reader/count.ts'

/** What a badge shows, before it is drawn. */
export interface Badge {
  /** The left text. Empty: there is no left side. */
  readonly label: string
  readonly message: string
  /** False: no count could be proven, and the message says so. */
  readonly isProven: boolean
}

/** A count that is older than this is shown with its age. An answer from Postgres can be this old if Postgres is slow. */
const SHOWN_AGE_MS = 10_000

/** The badge of a count: all digits, because Ping's counts are exact and a badge that is loaded again should show each ping. */
export function badgeOf(label: string, { count, ageMs }: Count): Badge {
  const digits = count.toLocaleString('en-US')
  return { label, message: ageMs > SHOWN_AGE_MS ? `${digits} (${ageText(ageMs)} ago)` : digits, isProven: true }
}

/** The badge that says that neither the cache nor Postgres can prove a count now. */
export function unprovenBadge(label: string): Badge {
  return { label, message: 'unavailable', isProven: false }
}

const UNITS = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['min', 60_000],
] as const

/** An age in its largest unit of which there are two: "119 s", "2 min", "47 h". */
function ageText(ms: number): string {
  const [unit, unitMs] = UNITS.find(([, size]) => ms >= 2 * size) ?? (['s', 1_000] as const)
  return `${Math.floor(ms / unitMs)} ${unit}`
}
