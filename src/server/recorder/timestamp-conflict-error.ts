import { UseCaseError } from '../../transport/errors.ts'

/** The id is already recorded with another timestamp. */
export class TimestampConflictError extends UseCaseError {
  override readonly name = 'TimestampConflictError'
  readonly kind = 'conflict'
}
