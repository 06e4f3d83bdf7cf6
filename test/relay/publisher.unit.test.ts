import type { Kafka, Message } from 'kafkajs'
import { expect, test } from 'vitest'
import type { EventRun } from '../../src/events/event-run.ts'
import type { TopicSettings } from '../../src/kafka/settings.ts'
import { Publisher } from '../../src/relay/publisher.ts'

type Sent = { readonly topicMessages: readonly { readonly messages: Message[] }[] }
type Partition = { map(make: (message: Message, index: number) => unknown): { readonly buffer: Buffer }[] }

/** What kafkajs would write into a request to partition 0. */
function bytesOf({ topicMessages: [topic] }: Sent): Buffer {
  const byPartition = topic!.messages.reduce(() => undefined as never, {}) as unknown as Record<string, Partition>
  return Buffer.from(byPartition['0']!.map(() => ({}))[0]!.buffer)
}

test('the bytes of a failed send are not overwritten, since with several brokers kafkajs may encode them later', async () => {
  const sends: Sent[] = []
  const nothing = async () => undefined
  const sendBatch = async (sent: Sent) => {
    sends.push(sent)
    if (sends.length === 1) throw new Error('one of the brokers does not take it')
  }
  const kafka = {
    admin: () => ({
      connect: nothing,
      disconnect: nothing,
      listTopics: async () => ['pings'],
      fetchTopicMetadata: async () => ({ topics: [{ partitions: [{}] }] }),
    }),
    producer: () => ({ connect: nothing, disconnect: nothing, sendBatch }),
  } as unknown as Kafka
  const publisher = new Publisher(kafka, 'pings', {} as TopicSettings)
  const run = (id: string): readonly EventRun[] => [{ lane: 0, firstSeq: 1n, tag: 1n, previousTag: 0n, pings: [{ id, timestampMs: 1n }] }]
  await expect(publisher.publish(run('first'))).rejects.toThrow('one of the brokers')
  const before = bytesOf(sends[0]!)
  expect(before.includes('first')).toBe(true)
  await publisher.publish(run('other'))
  expect(bytesOf(sends[1]!).includes('other')).toBe(true)
  expect(bytesOf(sends[0]!)).toEqual(before)
})
