import { CommitWarningError } from './record.ts'

/** What to do with a batch whose `recordBatch` failed. */
export type BatchFailure =
  /** The same call may succeed now: another lane had an id first, or a deadlock, or a commit that was not certain. */
  | 'repeat'
  /** The connection, the server or its state is at fault: the same call on a new connection, after a pause. */
  | 'reconnect'
  /** The batch itself is at fault: no call will succeed. */
  | 'reject'

const UNIQUE_VIOLATION = '23505'
const REPEATABLE = new Set([UNIQUE_VIOLATION, '40001', '40P01'])

/** The one table that tells errors of a batch apart. None of them says whether it was recorded. */
export function classifyBatchFailure(error: unknown): BatchFailure {
  if (error instanceof CommitWarningError) return 'repeat'
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  if (REPEATABLE.has(code)) return 'repeat'
  const dataOrConstraint = /^(22|23)...$/.test(code)
  return dataOrConstraint ? 'reject' : 'reconnect'
}
