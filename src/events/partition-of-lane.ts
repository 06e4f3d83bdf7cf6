/** All pings of a lane go to the same partition, so that they arrive in order. */
export function partitionOfLane(lane: number, partitions: number): number {
  return lane % partitions
}
