import { shownText } from '../../runtime/shown-text.ts'
import { UseCaseError } from '../errors.ts'

/** The request is malformed: the message names the field, the value got and what was expected. */
export class InvalidInputError extends UseCaseError {
  override readonly name = 'InvalidInputError'
  readonly kind = 'invalid'
}

export function invalidInput(field: string, got: string | bigint | number, expected: string): InvalidInputError {
  return new InvalidInputError(`${field}: got ${typeof got === 'string' ? shownText(got) : got}, expected ${expected}`)
}
