import type { Kafka, Message } from 'kafkajs'
import { beforeEach, expect, test, vi } from 'vitest'
import { GatheringProducer } from '../../src/kafka/gathering-producer.ts'

interface Sent {
  readonly acks: number
  readonly topicMessages: readonly { readonly topic: string; readonly messages: Message[] }[]
}
type Partition = { readonly length: number }

let sends: Sent[]
let producers: object[]
/** Each send waits for the next of these. */
let answers: PromiseWithResolvers<void>[]
let producer: GatheringProducer

/** What is in a request, as `topic/partition: records`. */
function contentOf({ topicMessages }: Sent): string[] {
  return topicMessages.flatMap(({ topic, messages }) => {
    const byPartition = messages.reduce(() => undefined as never, {}) as unknown as Record<string, Partition>
    return Object.entries(byPartition).map(([partition, records]) => `${topic}/${partition}: ${records.length}`)
  })
}

beforeEach(() => {
  ;[sends, producers, answers] = [[], [], []]
  const nothing = async () => undefined
  const sendBatch = async (sent: Sent) => {
    sends.push(sent)
    const answer = Promise.withResolvers<void>()
    answers.push(answer)
    await answer.promise
    return sent.topicMessages.map(({ topic }) => ({ topicName: topic, partition: 0, errorCode: 0, baseOffset: '7' }))
  }
  const admin = { connect: nothing, disconnect: nothing, listTopics: async () => ['a', 'b'] }
  const kafka = {
    admin: () => ({ ...admin, fetchTopicMetadata: async () => ({ topics: [{ partitions: [{}] }] }) }),
    producer: (options: object) => {
      producers.push(options)
      return { connect: nothing, disconnect: nothing, sendBatch }
    },
  } as unknown as Kafka
  producer = new GatheringProducer({ kafka })
})

const sent = async (count: number) => {
  await vi.waitUntil(() => sends.length === count, { timeout: 20_000 })
  return contentOf(sends[count - 1]!)
}

test('a record is confirmed by all in-sync replicas, and its producer is idempotent, unless fewer acks are chosen', async () => {
  void producer.send({ topic: 'a', value: '1' })
  await sent(1)
  expect([sends[0]!.acks, producers]).toEqual([-1, [expect.objectContaining({ idempotent: true, maxInFlightRequests: 1 })]])
})

test('a record goes at once if no request is in flight; those that come meanwhile go together in the next one', async () => {
  const first = producer.send({ topic: 'a', value: '1' })
  expect(await sent(1)).toEqual(['a/0: 1'])
  const next = ['a', 'b', 'a'].map(topic => producer.send({ topic, value: '2' }))
  answers[0]!.resolve()
  expect(await first).toEqual({ partition: 0, offset: 7 })
  expect(await sent(2)).toEqual(['a/0: 2', 'b/0: 1'])
  answers[1]!.resolve()
  expect((await Promise.all(next)).map(({ offset }) => offset)).toEqual([7, 7, 8])
})

test('a request has at most half a megabyte, but for a record that is larger alone', async () => {
  const value = (size: number) => Buffer.alloc(size)
  for (const size of [200_000, 200_000, 200_000, 900_000, 10]) void producer.send({ topic: 'a', value: value(size) })
  const contents = []
  for (let request = 1; request <= 4; request++) {
    contents.push(...(await sent(request)))
    answers[request - 1]!.resolve()
  }
  expect(contents).toEqual(['a/0: 2', 'a/0: 1', 'a/0: 1', 'a/0: 1'])
})

test('after a failure the next records go through another producer, which has an id of its own', async () => {
  const first = producer.send({ topic: 'a', value: '1' })
  await sent(1)
  answers[0]!.reject(new Error('no broker'))
  await expect(first).rejects.toThrow('no broker')
  void producer.send({ topic: 'a', value: '2' })
  await sent(2)
  expect(producers).toEqual([expect.objectContaining({ idempotent: true }), expect.objectContaining({ idempotent: true })])
})
