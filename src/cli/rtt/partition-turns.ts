import type { RttPlan } from './plan.ts'

/** Chooses where probes go. */
export class PartitionTurns {
  readonly #rounds: readonly (readonly number[])[]
  #turn = 0

  /** `count`: the partitions of the topic. */
  constructor(partitions: RttPlan['partitions'], count: number) {
    const all = Array.from({ length: count }, (_, partition) => partition)
    this.#rounds = partitions === 'all' ? [all] : partitions === 'turns' ? all.map(partition => [partition]) : [[partitions]]
  }

  /** The partitions of the next round: one probe each. */
  next(): readonly number[] {
    return this.#rounds[this.#turn++ % this.#rounds.length]!
  }

  /** Every partition that has a turn. */
  get used(): readonly number[] {
    return this.#rounds.flat()
  }
}
