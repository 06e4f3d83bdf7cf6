/** Errors of a topic that another attempt does not change. */
const FINAL: readonly string[] = ['TOPIC_AUTHORIZATION_FAILED', 'CLUSTER_AUTHORIZATION_FAILED', 'INVALID_TOPIC_EXCEPTION']
const TOO_LARGE: readonly string[] = ['MESSAGE_TOO_LARGE', 'RECORD_LIST_TOO_LARGE']

/** The name of the error with which a broker answered, such as NOT_LEADER_FOR_PARTITION; undefined if no broker answered. */
export function brokersError(error: unknown): string | undefined {
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    if ('type' in cause && typeof cause.type === 'string') return cause.type
  }
  return undefined
}

/** True if a broker will always refuse records for this topic. */
export function isFinal(error: unknown): boolean {
  return FINAL.includes(brokersError(error) ?? '')
}

/** True if a broker refused the records because together, or one of them alone, they are too large. */
export function isTooLarge(error: unknown): boolean {
  return TOO_LARGE.includes(brokersError(error) ?? '')
}

/** The reason of a dead letter. */
export function reasonOf(error: unknown): string {
  return `the reply was refused: ${brokersError(error) ?? (error instanceof Error ? error.message : String(error))}`
}
