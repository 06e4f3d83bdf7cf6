import { partitionOfLane } from '../src/events/partition-of-lane.ts'

/** Which lanes' records come to this processor: those of the partitions that its consumer group gave it. */
export class Assignment {
  #partitions: ReadonlySet<number> | undefined
  #partitionCount = 0

  /** The group assigned these of the topic's partitions to it. */
  assign(partitions: Iterable<number>, partitionCount: number): void {
    this.#partitions = new Set(partitions)
    this.#partitionCount = partitionCount
  }

  /** It is not in the group any more. */
  release(): void {
    this.#partitions = undefined
  }

  /** True if the lane's records come to this processor, or if it is in no group: then it takes care of every lane. */
  isMine(lane: number): boolean {
    return this.#partitions === undefined || this.#partitions.has(partitionOfLane(lane, this.#partitionCount))
  }
}
