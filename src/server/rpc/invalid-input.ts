import { UseCaseError } from '../errors.ts'

/** INVALID_ARGUMENT: the message names the field, the value got and what was expected. */
export class InvalidInputError extends UseCaseError {
  override readonly name = 'InvalidInputError'
}

/** Longest part of a caller's text that a message repeats, in characters. */
const MAX_SHOWN = 80

export function invalidInput(field: string, got: string | bigint | number, expected: string): InvalidInputError {
  return new InvalidInputError(`${field}: got ${shown(got)}, expected ${expected}`)
}

function shown(got: string | bigint | number): string {
  if (typeof got !== 'string') return String(got)
  return got.length <= MAX_SHOWN ? JSON.stringify(got) : `${JSON.stringify(got.slice(0, MAX_SHOWN))}… (${got.length} characters)`
}
