import type { Kafka } from 'kafkajs'
import { describe, expect, test } from 'vitest'
import { measuredTopic, unusable } from '../../../src/cli/rtt/measured-topic.ts'
import { topicSettings } from '../../../src/kafka/settings.ts'
import { readSettings } from '../../../src/runtime/settings.ts'

/** A cluster in which this user sees no topic, and that answers so to the creation of one. */
function refusing(type: string): Kafka {
  const refusal = Object.assign(new Error('Topic creation errors'), { errors: [Object.assign(new Error('denied'), { type })] })
  const admin = {
    connect: async () => undefined,
    disconnect: async () => undefined,
    listTopics: async () => [],
    createTopics: async () => Promise.reject(refusal),
  }
  return { admin: () => admin } as unknown as Kafka
}

const settings = readSettings(topicSettings, {})

describe('a topic that cannot be measured', () => {
  test('is reported with what to do if this user may not create it', async () => {
    await expect(measuredTopic(refusing('TOPIC_AUTHORIZATION_FAILED'), 'ping', settings, '--topic')).rejects.toMatchObject({
      exitCode: 1,
      message: expect.stringMatching(
        /^the topic ping is missing or hidden, and this user may not create it .*Name an existing topic with --topic, /,
      ),
    })
  })

  test('is reported with the reason that Kafka has', async () => {
    const error: unknown = await measuredTopic(refusing('INVALID_REPLICATION_FACTOR'), 'ping', settings, '--topic').catch(
      each => each as unknown,
    )
    expect(unusable(error, ['a:1'])).toMatchObject({
      exitCode: 1,
      message: expect.stringMatching(/^Kafka refuses this: INVALID_REPLICATION_FACTOR: denied \(at a:1; set KAFKA_BROKERS/),
    })
  })
})
