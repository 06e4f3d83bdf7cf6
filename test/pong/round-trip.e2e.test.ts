import { randomUUID } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { createTopic } from '../kafka/kafka-fixture.ts'
import { kafkaKindsAtDepth, sharedKafka } from '../support/kafka.ts'
import { until } from '../support/programs.ts'
import { createPlace } from './pong-fixture.ts'

describe.concurrent.each(kafkaKindsAtDepth())('a pong server (%s)', kind => {
  test.concurrent('answers a ping at the partition of its reply-to, with its correlation id, its trace and its padding', async ({
    onTestFinished,
  }) => {
    const place = await createPlace(await sharedKafka(kind), { onEnd: onTestFinished })
    const [client] = await Promise.all([place.client(), place.server('pong-1')])
    const traceparent = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01'
    const correlationId = randomUUID()
    const envelope = { correlationId, traceparent, replyTo: { topic: place.topics.reply, partition: 2 } }
    const { pong, envelope: got, key, partition } = await client.roundTrip({ seq: 7, padding: 'ü'.repeat(1_000) }, envelope)
    expect(pong).toEqual({
      type: 'pong',
      seq: 7,
      from: 'pong-1',
      heldUs: expect.any(Number),
      attempt: 1,
      redelivered: false,
      padding: 'ü'.repeat(1_000),
    })
    expect(got).toEqual({ correlationId, traceparent, replyTo: undefined, handshake: false })
    expect([key, partition]).toEqual([correlationId, 2])
    expect(pong.heldUs).toBeGreaterThan(0)
  })

  test.concurrent('answers pings to all and to its name as each server does, and a ping to one as one of them', async ({
    onTestFinished,
  }) => {
    const place = await createPlace(await sharedKafka(kind), { onEnd: onTestFinished })
    const [client] = await Promise.all([place.client(), place.server('a'), place.server('b'), place.server('c')])
    // In one partition, which each server reads in order.
    const all = await client.ping({ to: 'all' }, {}, 0)
    const some = await client.ping({ to: ['a', 'c', 'nobody'] }, {}, 0)
    const one = await client.ping({ to: 'one' }, {}, 0)
    const lastToAll = await client.ping({ to: 'all' }, {}, 0) // answers that would be too many come before those to the last ones
    const lastToOne = await client.ping({ to: 'one' }, {}, 0)
    const names = (id: string) =>
      client
        .repliesTo(id)
        .map(({ pong }) => pong.from)
        .toSorted()
    await until('the last answers', () => client.repliesTo(lastToAll).length >= 3 && client.repliesTo(lastToOne).length >= 1, 30_000)
    expect(names(all)).toEqual(['a', 'b', 'c'])
    expect(names(some)).toEqual(['a', 'c'])
    expect(names(one)).toHaveLength(1)
    expect([all, some, one].flatMap(id => client.repliesTo(id)).filter(({ pong }) => pong.redelivered)).toEqual([])
  })

  test.concurrent('answers into a topic whose name begins with that of the reply topic and a dot', async ({ onTestFinished }) => {
    const brokers = await sharedKafka(kind)
    const place = await createPlace(brokers, { onEnd: onTestFinished })
    const topic = await createTopic(brokers, `${place.topics.reply}.client`)
    const client = await place.client({ reply: topic })
    await place.server('a')
    expect((await client.roundTrip({ seq: 3 })).pong.seq).toBe(3)
  })
})
