import { ERROR, ProtocolError } from '../errors.ts'

export const LONGEST_NAME = 249
const ALLOWED = /^[a-zA-Z0-9._-]+$/

/** Throws INVALID_TOPIC_EXCEPTION unless `name` may be a topic's. */
export function checkTopicName(name: string): void {
  const expected = `expected 1 to ${LONGEST_NAME} of the characters a-z, A-Z, 0-9, '.', '_' and '-', and neither "." nor ".."`
  if (!ALLOWED.test(name) || name.length > LONGEST_NAME || name === '.' || name === '..') {
    throw new ProtocolError(ERROR.INVALID_TOPIC_EXCEPTION, `topic name: got ${JSON.stringify(name.slice(0, LONGEST_NAME + 1))}, ${expected}`)
  }
}

/**
 * The same for names that differ in '.' and '_' only: to many a metrics system they are one name. Kafka refuses the second of them,
 * and so does this broker.
 */
export function foldedName(name: string): string {
  return name.replaceAll('.', '_')
}
