import { mean } from '../measuring/statistics.ts'
import { CONTENDERS, type Contender } from '../parts/brokers.ts'

/** One figure of both brokers. */
export interface Comparison {
  readonly what: string
  /** Medians of the rounds. */
  readonly ours: number
  readonly apache: number
  /** Ours to Apache's: the median of the rounds' ratios, which depends least on a machine that becomes slower or faster during the run. */
  readonly ratio: number
}

/** Merges the results of the rounds, in their order; undefined if one broker has none. */
export function compare(what: string, rounds: Readonly<Record<Contender, readonly number[]>>): Comparison | undefined {
  const { ours, apache } = rounds
  if (ours.length === 0 || apache.length !== ours.length) return undefined
  const ratios = ours.map((value, round) => value / (apache[round] ?? NaN))
  return { what, ours: median(ours), apache: median(apache), ratio: median(ratios) }
}

/** The middle value, or the mean of the two middle values. */
export function median(samples: readonly number[]): number {
  const sorted = samples.toSorted((a, b) => a - b)
  const middle = (sorted.length - 1) / 2
  return mean([sorted[Math.floor(middle)] ?? NaN, sorted[Math.ceil(middle)] ?? NaN])
}

/** Runs `measure` for each broker in each round, alternating which is first, and collects by broker in the order of the rounds. */
export async function inTurns<T>(
  rounds: number,
  measure: (contender: Contender, round: number) => Promise<T>,
): Promise<Record<Contender, T[]>> {
  const collected: Record<Contender, T[]> = { ours: [], apache: [] }
  for (let round = 0; round < rounds; round++) {
    for (const contender of round % 2 === 0 ? CONTENDERS : CONTENDERS.toReversed())
      collected[contender].push(await measure(contender, round))
  }
  return collected
}
