import type { Kafka } from 'kafkajs'
import { expect, test } from 'vitest'
import { ReplyPlaces } from '../../pong/replies/reply-places.ts'
import { wait } from '../../src/runtime/wait.ts'

function createPlaces() {
  const topics = new Map([['pong', 2]])
  let asked = 0
  const nothing = async () => undefined
  const admin = {
    connect: nothing,
    disconnect: nothing,
    listTopics: async () => {
      asked++
      return [...topics.keys()]
    },
    fetchTopicMetadata: async ({ topics: names }: { topics: string[] }) => ({
      topics: names.map(name => ({ name, partitions: Array(topics.get(name)).fill({}) })),
    }),
  }
  const places = new ReplyPlaces({ admin: () => admin } as unknown as Kafka, 'pong', ['ping'])
  return { places, topics, asked: () => asked }
}

test('after a start the partitions of the reply topic are known, so that no ping waits for the brokers to say so', async () => {
  const { places } = createPlaces()
  // Timers end in their order, however busy the machine is.
  expect(await Promise.race([places.learn().then(() => 'known'), wait(100).then(() => 'waits')])).toBe('known')
  expect([1, 2].map(partition => places.isKnown({ topic: 'pong', partition }))).toEqual([true, false])
})

test('the brokers are asked at once for a new topic, and a thousand pings to places that do not exist ask them once in 200 ms', async () => {
  const { places, topics, asked } = createPlaces()
  topics.set('pong.client', 1)
  const beganMs = performance.now()
  expect(await places.ask({ topic: 'pong.client', partition: 0 })).toBeUndefined()
  const answers = await Promise.all(Array.from({ length: 1_000 }, (_, index) => places.ask({ topic: 'pong', partition: 2 + index })))
  expect(new Set(answers.map(answer => answer?.replace(/\d+"/, 'n"')))).toEqual(
    new Set(['reply-to: got "pong/n", expected a partition from 0 to 1']),
  )
  expect(asked()).toBe(2)
  expect(performance.now() - beganMs).toBeGreaterThan(150)
})
