import { Latencies, type LatencySpread } from '../run/latencies.ts'
import type { Probe } from './probe.ts'

/** What is measured of a probe, from when it was due. `road`: the pong without the time that the server held the ping. */
export const MEASURES = ['ack', 'echo', 'pong', 'road'] as const
export type Measure = (typeof MEASURES)[number]

/** Latencies that belong to one leader, or to one partition. */
export interface GroupFigures {
  /** A partition, or the node id of a leader. */
  readonly id: number
  readonly measure: Measure
  readonly spread: LatencySpread
}

export interface Worst {
  readonly probe: Probe
  readonly measure: Measure
  readonly ms: number
}

export interface Figures {
  /** Undefined: nothing was measured. */
  readonly measures: Readonly<Record<Measure, LatencySpread | undefined>>
  readonly leaders: readonly GroupFigures[]
  readonly partitions: readonly GroupFigures[]
  /** The highest latency of what the run measures in the end. */
  readonly worst: Worst | undefined
  /** Answers of each server. */
  readonly answers: ReadonlyMap<string, number>
}

/** Collects the latencies of a run in memory that grows only with the number of leaders, partitions and servers. */
export class Statistics {
  /** What the run measures in the end. Only this is kept by partition: there may be a thousand. */
  readonly #goal: Measure
  readonly #measures = new Map<Measure, Latencies>()
  readonly #leaders = new Groups()
  readonly #partitions = new Groups()
  readonly #answers = new Map<string, number>()
  #worst: Worst | undefined

  constructor(goal: Measure) {
    this.#goal = goal
  }

  measured(measure: Measure, probe: Probe, ms: number): void {
    latenciesOf(this.#measures, measure).add(ms)
    const leader = typeof probe.movedTo === 'number' ? probe.movedTo : probe.leader
    if (leader !== undefined) this.#leaders.add(leader, measure, ms)
    if (measure !== this.#goal) return
    this.#partitions.add(probe.partition, measure, ms)
    if (ms > (this.#worst?.ms ?? 0)) this.#worst = { probe, measure, ms }
  }

  answered(from: string): void {
    this.#answers.set(from, (this.#answers.get(from) ?? 0) + 1)
  }

  figures(): Figures {
    const spread = (measure: Measure): LatencySpread | undefined => this.#measures.get(measure)?.spread()
    return {
      measures: { ack: spread('ack'), echo: spread('echo'), pong: spread('pong'), road: spread('road') },
      leaders: this.#leaders.figures(),
      partitions: this.#partitions.figures(),
      worst: this.#worst,
      answers: this.#answers,
    }
  }
}

class Groups {
  readonly #groups = new Map<number, Map<Measure, Latencies>>()

  add(id: number, measure: Measure, ms: number): void {
    let group = this.#groups.get(id)
    if (!group) this.#groups.set(id, (group = new Map()))
    latenciesOf(group, measure).add(ms)
  }

  /** By id, in the order of the measures. */
  figures(): readonly GroupFigures[] {
    const all = [...this.#groups].flatMap(([id, group]) =>
      MEASURES.flatMap(measure => {
        const spread = group.get(measure)?.spread()
        return spread ? [{ id, measure, spread }] : []
      }),
    )
    return all.sort((a, b) => a.id - b.id)
  }
}

function latenciesOf(measures: Map<Measure, Latencies>, measure: Measure): Latencies {
  let latencies = measures.get(measure)
  if (!latencies) measures.set(measure, (latencies = new Latencies()))
  return latencies
}
