import { UseCaseError } from '../../transport/errors.ts'

/** The calendar cannot divide the range as requested: the message names the field, the value got and what was expected. */
export class CalendarError extends UseCaseError {
  override readonly name = 'CalendarError'
  readonly kind = 'invalid'
}
