import { describe, expect, test } from 'vitest'
import { testKafka } from '../kafka/kafka-fixture.ts'
import { againUntil } from '../support/again-until.ts'
import { thoroughly } from '../support/depth.ts'
import { kafkaKindsAtDepth, sharedKafka, startKafka } from '../support/kafka.ts'
import { keepLogsOnFailure, until, type Program } from '../support/programs.ts'
import type { PongClient, ReceivedPong } from './pong-client.ts'
import { createPlace, type PongPlace } from './pong-fixture.ts'

keepLogsOnFailure()

// Most of these wait for a session to end. Apache Kafka takes longest to come back.
describe.concurrent.each(kafkaKindsAtDepth().toReversed())('with a pong server (%s)', { timeout: 240_000 }, kind => {
  test.concurrent('a ping whose reply was sent but not committed is answered again after a kill -9, with the same content and a mark', async ({
    onTestFinished,
  }) => {
    const place = await createPlace(await sharedKafka(kind), { partitions: 1, onEnd: onTestFinished })
    const [client, server] = await Promise.all([place.client(), place.server('a')])
    const killAndRestart = async () => {
      const { correlationId } = (await killBeforeCommit(place, client, server)).envelope
      const wasCommitted = await isCommitted(place)
      await server.start()
      await until('the server is ready again', () => server.isReady(), 60_000)
      // The one partition is answered in order: with this reply, all replies to the ping before it have come.
      expect((await client.roundTrip()).pong.redelivered).toBe(false)
      const [one, two] = client.repliesTo(correlationId).map(({ pong }) => ({ ...pong, heldUs: 0 }))
      expect(one).toMatchObject({ seq: 4, padding: 'the same', redelivered: false })
      return { one, two, wasCommitted }
    }
    // The kill may come after the commit.
    const { one, two } = await againUntil(killAndRestart, each => each.two !== undefined || !each.wasCommitted)
    expect(two).toEqual({ ...one, redelivered: true })
  })

  test.concurrent('a ping that was answered and committed is not answered again after an orderly stop', async ({ onTestFinished }) => {
    const place = await createPlace(await sharedKafka(kind), { partitions: 1, onEnd: onTestFinished })
    const [client, server] = await Promise.all([place.client(), place.server('a')])
    const { envelope } = await client.roundTrip()
    expect(await server.stop()).toMatchObject({ code: 0 })
    await server.start()
    await client.roundTrip()
    expect(client.repliesTo(envelope.correlationId)).toHaveLength(1)
  })

  // At both depths "while servers join, stop and are killed".
  thoroughly(test.concurrent)('another server answers the pings of one that was killed', async ({ onTestFinished }) => {
    const place = await createPlace(await sharedKafka(kind), { partitions: 4, onEnd: onTestFinished })
    const [client, a] = await Promise.all([place.client(), place.server('a'), place.server('b')])
    const before = new Set<string>()
    await until('both answer', async () => before.add((await client.roundTrip()).pong.from).size === 2, 60_000)
    await a.kill9()
    const after = await Promise.all(Array.from({ length: 40 }, (_, seq) => client.roundTrip({ seq })))
    expect(new Set(after.map(({ pong }) => pong.from))).toEqual(new Set(['b']))
  })

  test.concurrent('while servers join, stop and are killed, each ping is answered, and at most one reply to it is not marked', async ({
    onTestFinished,
  }) => {
    const place = await createPlace(await sharedKafka(kind), { partitions: 4, onEnd: onTestFinished })
    const [client, a] = await Promise.all([place.client(), place.server('a')])
    const ids: string[] = []
    let isOver = false
    const sending = (async () => {
      while (!isOver || ids.length <= 100) ids.push(await client.ping({ seq: ids.length }))
    })()
    const b = await place.server('b')
    await a.stop()
    await place.server('c')
    await b.kill9()
    await a.start()
    isOver = true
    await sending
    await until('all replies', () => ids.every(id => client.repliesTo(id).length > 0), 60_000)
    const unmarked = (id: string) => client.repliesTo(id).filter(({ pong }) => !pong.redelivered).length
    expect(ids.filter(id => unmarked(id) > 1)).toEqual([])
  })

  test.concurrent('pings are answered again after a restart of the broker, and none is lost', async ({ onTestFinished }) => {
    const kafka = await startKafka(kind)
    try {
      const place = await createPlace(kafka.brokers, { partitions: 2, onEnd: onTestFinished })
      const [client, server] = await Promise.all([place.client(), place.server('a')])
      await client.roundTrip()
      await client.stop()
      await kafka.kill9()
      await until('the server notices', async () => !(await server.isReady()), 60_000)
      await kafka.restart()
      await until('the server recovers', () => server.isReady(), 60_000)
      const again = await place.client()
      const replies = await Promise.all(Array.from({ length: 20 }, (_, seq) => again.roundTrip({ seq })))
      expect(replies.map(({ pong }) => pong.seq).toSorted((a, b) => a - b)).toEqual(Array.from({ length: 20 }, (_, seq) => seq))
    } finally {
      await kafka.stop()
    }
  })
})

/** Kills the server after its reply to a ping, the last in the one partition, and before the next commit, so far as that can be seen. */
async function killBeforeCommit(place: PongPlace, client: PongClient, server: Program): Promise<ReceivedPong> {
  const roundTrip = async () => {
    const reply = await client.roundTrip({ seq: 4, padding: 'the same' })
    server.freeze()
    const isLate = await isCommitted(place)
    if (isLate) server.wake()
    return { reply, isLate }
  }
  const { reply, isLate } = await againUntil(roundTrip, each => !each.isLate)
  expect(isLate, 'the ping was committed before its reply came').toBe(false)
  await server.kill9()
  return reply
}

/** Whether the group has committed all that is in the one partition. */
async function isCommitted({ brokers, topics, group }: PongPlace): Promise<boolean> {
  const admin = testKafka(brokers).admin()
  try {
    await admin.connect()
    const [[end], [committed]] = await Promise.all([
      admin.fetchTopicOffsets(topics.request),
      admin.fetchOffsets({ groupId: group, topics: [topics.request] }),
    ])
    return Number(committed!.partitions[0]!.offset) >= Number(end!.high)
  } finally {
    await admin.disconnect()
  }
}
