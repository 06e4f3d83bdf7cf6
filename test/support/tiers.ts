import { missingForKafka } from '../../local/parts/kafka-jars.ts'
import { onPath } from '../../local/parts/on-path.ts'
import { postgresBinaries } from '../../local/parts/postgres-binaries.ts'

/** Why a real part cannot be had on this machine, or undefined when it can. Postgres 18 comes with npm: it always can. */
const MISSING = {
  postgres15: () => (postgresBinaries(15) ? undefined : 'no PostgreSQL 15 in /usr/lib/postgresql/15/bin'),
  redis: () => (onPath('redis-server') ? undefined : 'no `redis-server` on the path'),
  kafka: () => missingForKafka(),
  kcat: () => (onPath('kcat') ? undefined : 'no `kcat` on the path'),
} as const

export type Tier = keyof typeof MISSING

/**
 * True when the tests of these tiers can run here: `describe.runIf(can('kafka', 'redis'))('…', …)`.
 * Otherwise the reason is printed; where `CI=true` all tiers must run, and a missing one fails the file.
 */
export function can(...tiers: readonly Tier[]): boolean {
  const reasons = tiers.flatMap(tier => MISSING[tier]() ?? [])
  if (reasons.length === 0) return true
  const text = `skipped, the tier cannot run here: ${reasons.join('; ')}`
  if (process.env['CI'] === 'true') throw new Error(`${text} (CI=true runs all tiers)`)
  console.warn(text)
  return false
}
