import { LatencyHistogram } from '../measuring/statistics.ts'
import type { Contender } from '../parts/brokers.ts'
import type { Run } from '../run-and-exit.ts'
import type { ClientResult } from './client/client-task.ts'
import { compare, inTurns, type Comparison } from './comparison.ts'
import type { Measured } from './figures.ts'
import { FILLED, PRODUCE_LOADS, READ, SEND_ONE, type Scale } from './loads.ts'
import type { MeasuredBroker } from './measured-broker.ts'

type LoadFigures = Pick<Measured, 'rates' | 'latencies' | 'brokerCpu' | 'clientCpu'>
/** The results of the rounds of one load. */
type Rounds = Readonly<Record<Contender, readonly ClientResult[]>>

/** Each load on both brokers in turns. */
export async function measureLoads(
  run: Run,
  brokers: Readonly<Record<Contender, MeasuredBroker>>,
  { rounds, measureMs }: Scale,
): Promise<LoadFigures> {
  const measured = new Map<string, Rounds>()
  for (const load of PRODUCE_LOADS) {
    run.progress(load.what)
    measured.set(load.what, await inTurns(rounds, contender => brokers[contender].produce(load, measureMs)))
  }
  run.progress(READ)
  measured.set(READ, await inTurns(rounds, contender => brokers[contender].consume(FILLED.topic)))
  const rows = (pick: (result: ClientResult) => number | undefined): readonly Comparison[] =>
    [...measured].flatMap(([what, each]) => compareRounds(what, each, pick) ?? [])
  const latency = (share: number) => (result: ClientResult) => new LatencyHistogram(result.latencies).percentile(share) / 1000
  const ones = measured.get(SEND_ONE.what)!
  return {
    rates: rows(({ measured: records, measuredMs }) => (records / measuredMs) * 1000),
    brokerCpu: rows(result => cpuUsPerRecord(result, 'broker')),
    clientCpu: rows(result => cpuUsPerRecord(result, 'client')),
    latencies: [compareRounds('half take at most', ones, latency(0.5)), compareRounds('99 % take at most', ones, latency(0.99))].filter(
      row => row !== undefined,
    ),
  }
}

function cpuUsPerRecord({ cpu, measured }: ClientResult, part: string): number | undefined {
  const seconds = cpu?.[part]
  return seconds === undefined ? undefined : (seconds * 1e6) / measured
}

function compareRounds(what: string, { ours, apache }: Rounds, pick: (result: ClientResult) => number | undefined): Comparison | undefined {
  const picked = (results: readonly ClientResult[]): number[] => results.map(pick).filter(value => value !== undefined)
  return compare(what, { ours: picked(ours), apache: picked(apache) })
}
