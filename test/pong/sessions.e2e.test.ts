import { randomUUID } from 'node:crypto'
import { test } from 'vitest'
import { againUntil } from '../support/again-until.ts'
import { sharedKafka } from '../support/kafka.ts'
import { keepLogsOnFailure, until } from '../support/programs.ts'
import { createPlace } from './pong-fixture.ts'

keepLogsOnFailure()

test.concurrent(
  'a reply with a handshake is counted as confirmed when its ack arrives, and as unconfirmed when the ack is lost',
  {
    timeout: 180_000,
  },
  async ({ expect, onTestFinished }) => {
    const place = await createPlace(await sharedKafka(), { onEnd: onTestFinished })
    const [client, server] = await Promise.all([place.client(), place.server('a', { PONG_SESSION_MS: '1000' })])
    const countOf = async (outcome: string) => {
      const text = await (await fetch(`${server.url}/metrics`)).text()
      return Number(new RegExp(`^pong_handshakes_total\\{outcome="${outcome}"\\} (\\d+)$`, 'm').exec(text)?.[1] ?? 0)
    }
    const counts = async () => [await countOf('confirmed'), await countOf('unconfirmed'), await server.metric('pong_stray_total')] as const
    let before = await counts()
    /** What an ack in time changes. */
    const countAck = async () => {
      const { pong, envelope } = await client.roundTrip({ seq: 1 }, { handshake: true })
      expect(envelope.handshake).toBe(true)
      await client.ack(envelope.correlationId, { seq: 1, to: pong.from })
      const acksBefore = before[0] + before[2]
      await expect.poll(async () => (([confirmed, , stray]) => confirmed + stray)(await counts())).toBe(acksBefore + 1)
      const after = await counts()
      const changes = after.map((count, index) => count - before[index]!)
      before = after
      return changes
    }
    // On a busy machine, the session may be over before its ack arrives.
    expect(await againUntil(countAck, ([confirmed, unconfirmed]) => confirmed === 1 && unconfirmed === 0)).toEqual([1, 0, 0])
    await client.roundTrip({ seq: 2, to: 'all' }, { handshake: true }) // its ack is lost
    await expect.poll(counts).toEqual([before[0], before[1] + 1, before[2]])
    await client.ack(randomUUID(), { seq: 9, to: 'a' })
    await expect.poll(counts).toEqual([before[0], before[1] + 1, before[2] + 1])
    expect((await client.roundTrip({ seq: 3 })).pong.seq).toBe(3)
  },
)

test.concurrent('a repeated ping whose session is known is answered with the same content and the next attempt', async ({
  expect,
  onTestFinished,
}) => {
  const place = await createPlace(await sharedKafka(), { onEnd: onTestFinished })
  const [client] = await Promise.all([place.client(), place.server('a')])
  const correlationId = randomUUID()
  await client.roundTrip({ seq: 5, padding: 'x' }, { correlationId })
  await client.ping({ seq: 5, padding: 'x', attempt: 2 }, { correlationId })
  await until('a second reply', () => client.repliesTo(correlationId).length > 1)
  expect(client.repliesTo(correlationId).map(({ pong }) => ({ ...pong, heldUs: 0 }))).toEqual([
    { type: 'pong', seq: 5, from: 'a', heldUs: 0, attempt: 1, redelivered: false, padding: 'x' },
    { type: 'pong', seq: 5, from: 'a', heldUs: 0, attempt: 2, redelivered: true, padding: 'x' },
  ])
})

test.concurrent(
  '10 000 sessions are open at a time, and clients that never send their acks make no other ping wait',
  { timeout: 180_000 },
  async ({ expect, onTestFinished }) => {
    const place = await createPlace(await sharedKafka(), { partitions: 2, onEnd: onTestFinished })
    const [client, server] = await Promise.all([place.client(), place.server('a', { PONG_SESSION_MS: '600000' })])
    const ids = Array.from({ length: 10_500 }, () => randomUUID())
    await Promise.all(ids.slice(0, 6_000).map((correlationId, seq) => client.ping({ seq }, { correlationId, handshake: true })))
    await Promise.all(ids.slice(6_000).map((correlationId, seq) => client.ping({ seq }, { correlationId, handshake: true })))
    await until('all replies', () => client.replies.size === ids.length, 120_000) // long before any session is over
    await expect.poll(() => server.metric('pong_open_sessions')).toBe(10_000)
    expect((await client.roundTrip({ seq: 1 })).pong.redelivered).toBe(false)
    expect(ids.every(id => client.repliesTo(id).length === 1)).toBe(true)
  },
)
