import { partitionOfLane } from '../src/events/partition-of-lane.ts'

/** Which lanes' records come to this processor: those of the partitions that its consumer group gave it. */
export class Assignment {
  #partitions: ReadonlySet<number> | undefined
  #partitionCount = 0

  /** The group gave it these partitions, of so many that the topic has. */
  assign(partitions: Iterable<number>, partitionCount: number): void {
    this.#partitions = new Set(partitions)
    this.#partitionCount = partitionCount
  }

  /** It is no member of the group any more. */
  release(): void {
    this.#partitions = undefined
  }

  /** True if the lane's records come to this processor, or if Kafka is away and nobody can be told from another. */
  isMine(lane: number): boolean {
    return this.#partitions === undefined || this.#partitions.has(partitionOfLane(lane, this.#partitionCount))
  }
}
