import type { Kafka } from 'kafkajs'
import { ensureTopic } from '../../kafka/kafka.ts'
import type { TopicSettings } from '../../kafka/settings.ts'
import { CliError, EXIT } from '../exit-codes.ts'
import { reasonOf, rootOf } from './send-failure.ts'

const NOT_ALLOWED = /^(?:TOPIC|CLUSTER)_AUTHORIZATION_FAILED$/

/** Creates the topic if it is missing, and returns its number of partitions. Throws `CliError` if this user may not. */
export async function measuredTopic(kafka: Kafka, topic: string, settings: TopicSettings, option: string): Promise<number> {
  try {
    return await ensureTopic(kafka, topic, settings)
  } catch (error) {
    const { type = '' } = rootOf(error)
    if (!NOT_ALLOWED.test(type)) throw error
    const what = `the topic ${topic} is missing or hidden, and this user may not create it (${type})`
    const advice = `Name an existing topic with ${option}, of which this user has READ, WRITE and DESCRIBE; or let the owner of the cluster create it`
    throw new CliError(EXIT.failed, `${what}. ${advice}`, { cause: error })
  }
}

/** The cluster cannot be measured: what the user can do. */
export function unusable(error: unknown, brokers: readonly string[]): CliError {
  if (error instanceof CliError) return error
  const root = rootOf(error)
  const what = root.type === undefined ? 'Kafka is unreachable' : 'Kafka refuses this'
  const where = `(at ${brokers.join(', ')}; set KAFKA_BROKERS, and KAFKA_TLS or KAFKA_SASL_MECHANISM if the cluster needs them)`
  return new CliError(EXIT.failed, `${what}: ${reasonOf(root)} ${where}`, { cause: error })
}
