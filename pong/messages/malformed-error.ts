/** A message that cannot be read. `message` has the field, what was got and what was expected. */
export class MalformedError extends Error {
  override readonly name = 'MalformedError'
}

/** The error for this field. */
export function malformed(field: string, got: string, expected: string): MalformedError {
  return new MalformedError(`${field}: got ${got}, expected ${expected}`)
}
