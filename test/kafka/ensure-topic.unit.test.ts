import type { Kafka } from 'kafkajs'
import { describe, expect, test, vi } from 'vitest'
import { ensureTopic } from '../../src/kafka/kafka.ts'
import { testSettings } from './kafka-fixture.ts'

const unknown = Object.assign(new Error('This server does not host this topic-partition'), { type: 'UNKNOWN_TOPIC_OR_PARTITION' })
const settings = testSettings('127.0.0.1:1')

/** Brokers that answer these, one after the other, when they are asked for topics (true: the topic is listed) or for the topic. */
function brokers(listed: boolean[], described: (Error | number)[]) {
  const created = vi.fn<(request: object) => Promise<boolean>>(async () => true)
  const admin = {
    connect: async () => undefined,
    disconnect: async () => undefined,
    createTopics: created,
    listTopics: async () => (listed.shift() ? ['a'] : []),
    fetchTopicMetadata: async () => {
      const answer = described.shift()
      if (answer instanceof Error) throw answer
      return { topics: [{ partitions: Array.from({ length: answer ?? 0 }, () => ({})) }] }
    },
  }
  return { created, ensure: () => ensureTopic({ admin: () => admin } as unknown as Kafka, 'a', settings) }
}

describe('a topic that is made sure of', () => {
  test('is waited for when it was created and a broker does not know it yet', async () => {
    const { created, ensure } = brokers([false, false, true, true], [unknown, 3])
    expect(await ensure()).toBe(3)
    expect(created).toHaveBeenCalledOnce()
    expect(created.mock.calls[0]![0]).toMatchObject({ waitForLeaders: false, topics: [{ topic: 'a', numPartitions: 3 }] })
  })

  test('is not created again when it is there', async () => {
    const { created, ensure } = brokers([true], [7])
    expect(await ensure()).toBe(7)
    expect(created).not.toHaveBeenCalled()
  })

  test('has its error passed on when that is another one', async () => {
    const { ensure } = brokers([true], [Object.assign(new Error('no'), { type: 'TOPIC_AUTHORIZATION_FAILED' })])
    await expect(ensure()).rejects.toThrow('no')
  })
})
