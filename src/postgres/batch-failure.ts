import { CommitWarningError } from './commit-warning.ts'

/** What to do with a batch that failed. */
export type BatchFailure =
  /** The same call may succeed now: another lane got an id first, or there was a deadlock or an uncertain commit. */
  | 'repeat'
  /** The connection, the server or its state is at fault: repeat the call on a new connection, after a pause. */
  | 'reconnect'
  /** The batch itself is at fault: no retry will succeed. */
  | 'reject'

const UNIQUE_VIOLATION = '23505'
const REPEATABLE = new Set([UNIQUE_VIOLATION, '40001', '40P01'])

/** Classifies the errors of a batch. None of them says whether the batch was committed. */
export function classifyBatchFailure(error: unknown): BatchFailure {
  if (error instanceof CommitWarningError) return 'repeat'
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  if (REPEATABLE.has(code)) return 'repeat'
  const dataOrConstraint = /^(22|23)...$/.test(code)
  return dataOrConstraint ? 'reject' : 'reconnect'
}
