import { ERROR, ProtocolError } from '../errors.ts'
import { checkTopicName } from '../topics/names.ts'
import type { Topic } from '../topics/topic.ts'
import type { Topics } from '../topics/topics.ts'

/** The types of resources that have a configuration. */
export const RESOURCE = { topic: 2, broker: 4 } as const

/** The name that means the settings of all brokers of a cluster. */
const ALL_BROKERS = ''

/** Throws unless the resource is a topic of this broker. */
export function topicOf(topics: Topics, name: string): Topic {
  checkTopicName(name)
  const topic = topics.get(name)
  if (!topic) throw unknownTopic(name)
  return topic
}

export function unknownTopic(name: string): ProtocolError {
  return new ProtocolError(ERROR.UNKNOWN_TOPIC_OR_PARTITION, `topic: got ${JSON.stringify(name)}, expected an existing topic`)
}

/** Whether the resource is this broker; false: all brokers. Throws INVALID_REQUEST for any other. */
export function isThisBroker(name: string, nodeId: number): boolean {
  if (name === ALL_BROKERS) return false
  if (/^\d{1,10}$/.test(name) && Number(name) === nodeId) return true
  throw new ProtocolError(
    ERROR.INVALID_REQUEST,
    `broker: got ${JSON.stringify(name)}, expected ${nodeId}, or an empty name for all brokers`,
  )
}

export function unknownResource(type: number): ProtocolError {
  return new ProtocolError(
    ERROR.INVALID_REQUEST,
    `resource type: got ${type}, expected ${RESOURCE.topic} for a topic or ${RESOURCE.broker} for a broker`,
  )
}
