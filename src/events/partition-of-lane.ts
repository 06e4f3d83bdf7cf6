/** All of a lane's pings go through one partition, so that they arrive in order. */
export function partitionOfLane(lane: number, partitions: number): number {
  return lane % partitions
}
