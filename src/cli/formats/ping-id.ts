import type { Format } from './format.ts'

/** A ping's id: any UUID as text, of every version; case does not matter. */
export const pingId: Format<string> = {
  expected: 'a UUID such as 0197a2b4-5c6d-7e8f-9a0b-1c2d3e4f5a6b',
  parse: text => (/^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/i.test(text) ? text.toLowerCase() : undefined),
}
