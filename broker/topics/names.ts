import { ERROR, ProtocolError } from '../errors.ts'

export const MAX_NAME_LENGTH = 249
const ALLOWED = /^[a-zA-Z0-9._-]+$/

/** Throws INVALID_TOPIC_EXCEPTION unless `name` is a valid topic name. */
export function checkTopicName(name: string): void {
  const expected = `expected 1 to ${MAX_NAME_LENGTH} of the characters a-z, A-Z, 0-9, '.', '_' and '-', and neither "." nor ".."`
  if (!ALLOWED.test(name) || name.length > MAX_NAME_LENGTH || name === '.' || name === '..') {
    throw new ProtocolError(
      ERROR.INVALID_TOPIC_EXCEPTION,
      `topic name: got ${JSON.stringify(name.slice(0, MAX_NAME_LENGTH + 1))}, ${expected}`,
    )
  }
}

/** Internal topics of Kafka. This broker does not need them, but a client cannot create a topic with such a name either. */
const INTERNAL: ReadonlySet<string> = new Set(['__consumer_offsets', '__transaction_state', '__share_group_state'])
/** Clients never see this topic, but its name is reserved. */
const CLUSTER_METADATA = '__cluster_metadata'

export function isInternal(name: string): boolean {
  return INTERNAL.has(name)
}

/** Whether a topic of this name must not be created because a client asks for it. */
export function isReserved(name: string): boolean {
  return INTERNAL.has(name) || name === CLUSTER_METADATA
}

/** Throws INVALID_REQUEST for the one name that no topic may have. */
export function checkCreatable(name: string): void {
  if (name === CLUSTER_METADATA) throw new ProtocolError(ERROR.INVALID_REQUEST, `Creation of internal topic ${name} is prohibited.`)
}

/** Throws INVALID_TOPIC_EXCEPTION for a topic that clients must not write to. */
export function checkWritable(name: string): void {
  if (isInternal(name)) throw new ProtocolError(ERROR.INVALID_TOPIC_EXCEPTION, `Cannot append to internal topic ${name}`)
}

/**
 * The same for names that differ only in '.' and '_': in many metrics systems they are one name. Kafka refuses the second of them,
 * and so does this broker.
 */
export function foldedName(name: string): string {
  return name.replaceAll('.', '_')
}
