import { ERROR, ProtocolError } from '../errors.ts'

/** An error message shows at most this many of the brokers in a request. */
const MAX_BROKERS_SHOWN = 10

interface Assignment {
  readonly partitionIndex: number
  readonly brokerIds: readonly number[]
}

/** Throws INVALID_REPLICA_ASSIGNMENT unless the partitions are 0, 1, 2 … in any order, each on this broker. */
export function checkAssignments(assignments: readonly Assignment[], nodeId: number): void {
  for (const { brokerIds } of assignments) checkReplicas(brokerIds, nodeId)
  const inOrder = assignments.map(({ partitionIndex }) => partitionIndex).toSorted((a, b) => a - b)
  const wrong = inOrder.findIndex((partitionIndex, index) => partitionIndex !== index)
  if (wrong >= 0) throw invalid(`assigned partitions: got ${inOrder[wrong]} instead of ${wrong}, expected 0, 1, 2 … once each`)
}

/** Throws INVALID_REPLICA_ASSIGNMENT unless each of the `added` partitions has one replica, on this broker. */
export function checkAddedAssignments(assignments: readonly Pick<Assignment, 'brokerIds'>[], added: number, nodeId: number): void {
  if (assignments.length !== added) throw invalid(`assignments: got ${assignments.length}, expected ${added}, one for each new partition`)
  for (const { brokerIds } of assignments) checkReplicas(brokerIds, nodeId)
}

function checkReplicas(brokerIds: readonly number[], nodeId: number): void {
  if (brokerIds.length === 1 && brokerIds[0] === nodeId) return
  throw invalid(
    `replicas of a partition: got brokers [${brokerIds.slice(0, MAX_BROKERS_SHOWN).join(', ')}], expected [${nodeId}], the only broker`,
  )
}

function invalid(text: string): ProtocolError {
  return new ProtocolError(ERROR.INVALID_REPLICA_ASSIGNMENT, text)
}
