import { Counter, Gauge, type Registry } from 'prom-client'
import type { FlushOutcome } from '../src/counters/flush.ts'
import { createRegistry } from '../src/runtime/metrics-registry.ts'

/** What was done with a record. */
export type RecordVerdict = 'accepted' | 'duplicate' | 'waiting' | 'refused' | 'foreign' | 'legacy' | 'undecodable'

/** All metrics of a processor. */
export interface ProcessorMetrics {
  readonly registry: Registry
  received(verdict: RecordVerdict): void
  flushed(outcome: FlushOutcome['kind'], pings: number): void
  caughtUp(pings: number): void
  rebuilt(outcome: 'rebuilt' | 'claimed' | 'lost'): void
  tickFailed(): void
  auditDiffered(): void
  /** Pings of a lane that are in the ledger but not in the cache. */
  lag(lane: number, pings: number): void
  /** `read` returns the number of records that are not done; it is called at every scrape. */
  watchOpen(read: () => number): void
}

export function createProcessorMetrics(): ProcessorMetrics {
  const registry = createRegistry()
  const registers = [registry]
  const counter = (name: string, help: string, ...labelNames: string[]) => new Counter({ name, help, labelNames, registers })
  const verdicts = new Map<RecordVerdict, number>()
  const records: Counter = new Counter({
    name: 'ping_processor_records_total',
    help: 'Records read, by what was done with them',
    labelNames: ['verdict'],
    registers,
    // Incrementing a labelled counter costs as much as everything else for a record: the map counts, and a scrape adds it up.
    collect: () => {
      for (const [verdict, count] of verdicts) records.inc({ verdict }, count)
      verdicts.clear()
    },
  })
  const flushes = counter('ping_processor_flushes_total', 'Flushes of a lane, by the answer of the cache', 'outcome')
  const applied = counter('ping_processor_applied_total', 'Pings applied from events')
  const caughtUp = counter('ping_processor_caught_up_total', 'Pings applied from Postgres')
  const catchUps = counter('ping_processor_catch_ups_total', 'Catch-ups of a lane')
  const rebuilds = counter('ping_processor_rebuilds_total', 'Rebuilds of the cache, by outcome', 'outcome')
  const failedTicks = counter('ping_processor_failed_ticks_total', 'Ticks that failed because Postgres or the cache did not answer')
  const differences = counter('ping_processor_audit_differences_total', 'Audits that found a difference between the cache and Postgres')
  const lag = new Gauge({
    name: 'ping_processor_lag_pings',
    help: 'Pings in Postgres that the cache has not applied yet',
    labelNames: ['lane'],
    registers,
  })
  return {
    registry,
    received: verdict => verdicts.set(verdict, (verdicts.get(verdict) ?? 0) + 1),
    flushed: (outcome, pings) => {
      flushes.inc({ outcome })
      if (outcome === 'applied') applied.inc(pings)
    },
    caughtUp: pings => {
      catchUps.inc()
      caughtUp.inc(pings)
    },
    rebuilt: outcome => rebuilds.inc({ outcome }),
    tickFailed: () => failedTicks.inc(),
    auditDiffered: () => differences.inc(),
    lag: (lane, pings) => lag.set({ lane }, Math.max(0, pings)),
    watchOpen: read => {
      const gauge: Gauge = new Gauge({
        name: 'ping_processor_open_records',
        help: 'Records read whose pings the cache has not applied yet',
        registers,
        collect: () => gauge.set(read()),
      })
    },
  }
}
