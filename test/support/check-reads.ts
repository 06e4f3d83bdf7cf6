/** I5 and I7: what the readers saw, held against what the load knows. See checker.ts. */
import type { CountSample } from './count-watch.ts'
import type { SentPing } from './load.ts'

/** A stretch of time, by performance.now(). */
export interface Stretch {
  readonly fromMs: number
  readonly toMs: number
}

export interface ReadRules {
  /** While Postgres was down, answers may be older than 2 s, if they say so; then until the server has read it again. */
  readonly postgresAway?: readonly Stretch[]
  /** While a failover's lost rows may still be counted, and the count then fall. */
  readonly lostRows?: readonly Stretch[]
}

const OLDEST_MS = 2_000
/** The cache's TIME is read in whole ms, twice. */
const CLOCK_STEP_MS = 2
/** A server waits this long for Postgres, then answers what it has, with its age. So may a read that took this long, as when a process stopped. */
const WAITS_FOR_POSTGRES_MS = 500
const NAMED = 5

/**
 * I5: each total is at least what was acknowledged before (the answer − the age that it names), and all of that if
 * it is strong; at most what was attempted; not older than 2 s; and never falls on one server.
 */
export function i5Reads(samples: readonly CountSample[], sent: readonly SentPing[], rules: ReadRules = {}): readonly string[] {
  const ackedMs = sent.flatMap(ping => ping.ackedMs ?? []).toSorted((a, b) => a - b)
  const sentMs = sent.map(ping => ping.sentMs).toSorted((a, b) => a - b)
  const last = new Map<string, CountSample>()
  const violations: string[] = []
  const away = untilReadAgain(samples, rules.postgresAway ?? [])
  for (const sample of samples) {
    const { url, life, strong, beganMs, endedMs, count, ageMs } = sample
    const wrong = (text: string) => violations.push(`${text} (${JSON.stringify(sample)})`)
    if (!Number.isInteger(count) || count < 0) wrong('a count is an integer from 0 on')
    const minimum = upTo(ackedMs, strong ? beganMs : beganMs - ageMs - CLOCK_STEP_MS)
    if (count < minimum && !overlaps(sample, rules.lostRows)) wrong(`${minimum} were acknowledged before`)
    if (count > upTo(sentMs, endedMs)) wrong(`only ${upTo(sentMs, endedMs)} were attempted`)
    const waited = endedMs - beganMs >= WAITS_FOR_POSTGRES_MS - CLOCK_STEP_MS
    if (ageMs > OLDEST_MS && !waited && !overlaps(sample, away.get(url))) wrong('older than 2 s')
    const before = last.get(url)
    if (life !== undefined) last.set(url, sample)
    if (before && before.life === life && before.count > count && !overlaps(sample, rules.lostRows)) wrong(`it was ${before.count} before`)
  }
  return violations.length > NAMED
    ? [...violations.slice(0, NAMED), `and ${violations.length - NAMED} more of ${samples.length} reads`]
    : violations
}

/** I7: how long after `backMs` the first ack and the first fresh count from the cache came, in ms; undefined: not yet. */
export function i7Recovery(
  samples: readonly CountSample[],
  sent: readonly SentPing[],
  backMs: number,
): { ackMs: number | undefined; freshMs: number | undefined } {
  const acks = sent.flatMap(ping => (ping.ackedMs !== undefined && ping.ackedMs >= backMs ? [ping.ackedMs] : []))
  const fresh = samples.find(({ beganMs, source, ageMs }) => beganMs >= backMs && source === 'cache' && ageMs <= OLDEST_MS)
  return {
    ackMs: acks.length > 0 ? acks.reduce((a, b) => Math.min(a, b)) - backMs : undefined,
    freshMs: fresh && fresh.endedMs - backMs,
  }
}

/** By server: until the first answer after it that came from Postgres. The server may need a while to notice that Postgres is back. */
function untilReadAgain(samples: readonly CountSample[], away: readonly Stretch[]): ReadonlyMap<string, readonly Stretch[]> {
  const byServer = Map.groupBy(samples, ({ url }) => url)
  const extended = (own: readonly CountSample[]) =>
    away.map(({ fromMs, toMs }) => {
      const read = own.find(({ beganMs, source }) => beganMs >= toMs && source === 'database')
      return { fromMs, toMs: read?.beganMs ?? Infinity }
    })
  return new Map([...byServer].map(([url, own]) => [url, extended(own)]))
}

/** How many of the times, which are sorted, are not above `limit`. */
function upTo(times: readonly number[], limit: number): number {
  let [low, high] = [0, times.length]
  while (low < high) {
    const middle = (low + high) >> 1
    if (times[middle]! <= limit) low = middle + 1
    else high = middle
  }
  return low
}

function overlaps({ beganMs, endedMs }: CountSample, stretches: readonly Stretch[] = []): boolean {
  return stretches.some(({ fromMs, toMs }) => endedMs >= fromMs && beganMs <= toMs)
}
