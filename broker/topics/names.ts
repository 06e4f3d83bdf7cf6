import { ERROR, ProtocolError } from '../errors.ts'

export const LONGEST_NAME = 249
const ALLOWED = /^[a-zA-Z0-9._-]+$/

/** Throws INVALID_TOPIC_EXCEPTION unless `name` may be a topic's. */
export function checkTopicName(name: string): void {
  const expected = `expected 1 to ${LONGEST_NAME} of the characters a-z, A-Z, 0-9, '.', '_' and '-', and neither "." nor ".."`
  if (!ALLOWED.test(name) || name.length > LONGEST_NAME || name === '.' || name === '..') {
    throw new ProtocolError(
      ERROR.INVALID_TOPIC_EXCEPTION,
      `topic name: got ${JSON.stringify(name.slice(0, LONGEST_NAME + 1))}, ${expected}`,
    )
  }
}

/** Topics of Kafka's brokers themselves. Here they are not needed; who names one gets no topic of his own instead. */
const INTERNAL: ReadonlySet<string> = new Set(['__consumer_offsets', '__transaction_state', '__share_group_state'])
/** Not a topic to clients at all, but its name is taken. */
const CLUSTER_METADATA = '__cluster_metadata'

export function isInternal(name: string): boolean {
  return INTERNAL.has(name)
}

/** Whether a topic of this name must not come into being because somebody asks for it. */
export function isReserved(name: string): boolean {
  return INTERNAL.has(name) || name === CLUSTER_METADATA
}

/** Throws INVALID_REQUEST for the one name under which nobody may create a topic. */
export function checkCreatable(name: string): void {
  if (name === CLUSTER_METADATA) throw new ProtocolError(ERROR.INVALID_REQUEST, `Creation of internal topic ${name} is prohibited.`)
}

/** Throws INVALID_TOPIC_EXCEPTION for a topic that clients must not write to. */
export function checkWritable(name: string): void {
  if (isInternal(name)) throw new ProtocolError(ERROR.INVALID_TOPIC_EXCEPTION, `Cannot append to internal topic ${name}`)
}

/**
 * The same for names that differ in '.' and '_' only: to many a metrics system they are one name. Kafka refuses the second of them,
 * and so does this broker.
 */
export function foldedName(name: string): string {
  return name.replaceAll('.', '_')
}
