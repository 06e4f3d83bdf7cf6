import { randomUUID } from 'node:crypto'
import { test } from 'vitest'
import { sharedKafka } from '../support/kafka.ts'
import { keepLogsOnFailure, until } from '../support/programs.ts'
import { createPlace } from './pong-fixture.ts'

keepLogsOnFailure()

test.concurrent('a reply with a handshake is counted as confirmed when its ack arrives, and as unconfirmed when the ack is lost', async ({
  expect,
  onTestFinished,
}) => {
  const place = await createPlace(await sharedKafka(), { onEnd: onTestFinished })
  const [client, server] = await Promise.all([place.client(), place.server('a', { PONG_SESSION_MS: '1000' })])
  const countOf = async (outcome: string) => {
    const text = await (await fetch(`${server.url}/metrics`)).text()
    return Number(new RegExp(`^pong_handshakes_total\\{outcome="${outcome}"\\} (\\d+)$`, 'm').exec(text)?.[1] ?? 0)
  }
  const outcomes = async () => [await countOf('confirmed'), await countOf('unconfirmed')]
  let late = 0
  for (;;) {
    const { pong, envelope } = await client.roundTrip({ seq: 1 }, { handshake: true })
    expect(envelope.handshake).toBe(true)
    await client.ack(envelope.correlationId, { seq: 1, to: pong.from })
    await expect.poll(async () => (await countOf('confirmed')) + (await countOf('unconfirmed'))).toBe(late + 1)
    if ((await countOf('confirmed')) === 1) break
    late++ // on a busy machine, the session may be over before its ack arrives
  }
  await expect.poll(() => server.metric('pong_stray_total')).toBe(late)
  await client.roundTrip({ seq: 2, to: 'all' }, { handshake: true }) // its ack is lost
  await expect.poll(outcomes).toEqual([1, late + 1])
  await client.ack(randomUUID(), { seq: 9, to: 'a' })
  await expect.poll(() => server.metric('pong_stray_total')).toBe(late + 1)
  expect((await client.roundTrip({ seq: 3 })).pong.seq).toBe(3)
})

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
