import { describe, expect, test } from 'vitest'
import type { Reply } from '../../pong/answerer.ts'
import { decode } from '../../pong/messages/decode.ts'
import { Replies } from '../../pong/replies/replies.ts'
import type { ReplyPlaces } from '../../pong/replies/reply-places.ts'
import type { OutgoingRecord } from '../../src/kafka/partition-choice.ts'
import { wait } from '../../src/runtime/wait.ts'

const LIMIT_MS = 100

/** Kafka's errors have the name that the broker gave. */
const brokersError = (type: string) => Object.assign(new Error(type), { type })

function createReplies(send: (record: OutgoingRecord) => Promise<void>) {
  const sent: string[] = []
  const producer = (name: string) => ({
    send: async (record: OutgoingRecord) => {
      const pong = decode(Buffer.from(String(record.value)))
      sent.push(`${name} ${record.partition} ${pong.type === 'pong' && pong.redelivered ? 'marked' : 'plain'}`)
      await send(record)
      return { partition: 0, offset: 0 }
    },
    stop: async () => undefined,
  })
  const places = { objection: () => undefined, isKnown: () => true, ask: async () => undefined, stop: () => undefined }
  const replies = new Replies({
    producer: producer('first'),
    retryProducer: producer('again'),
    places: places as unknown as ReplyPlaces,
    limitMs: LIMIT_MS,
    nowMs: () => performance.now(),
    metrics: { held: () => undefined, replyRetried: () => undefined },
    note: () => undefined,
  })
  const reply = (partition: number) => new Promise<string | undefined>(resolve => replies.send(replyTo(partition), resolve))
  return { replies, reply, sent }
}

function replyTo(partition: number): Reply {
  return {
    correlationId: '3f0c1f2e-5b7a-4c1d-9e8f-001122334455',
    replyTo: { topic: 'pong', partition },
    traceparent: undefined,
    handshake: false,
    receivedMs: performance.now(),
    pong: { type: 'pong', seq: 1, from: 'a', attempt: 1, redelivered: false, padding: '' },
  }
}

describe('a reply', () => {
  test('that was not confirmed is sent again by another producer, marked because it may be in the topic', async () => {
    let failures = 1
    const { reply, sent } = createReplies(async () => {
      if (failures-- > 0) throw new Error('no response')
    })
    expect(await reply(0)).toBeUndefined()
    expect(sent).toEqual(['first 0 plain', 'again 0 marked'])
  })

  test('does not wait for the replies to a partition that fails', async () => {
    const { reply, replies, sent } = createReplies(async ({ partition }) => {
      if (partition === 0) throw brokersError('LEADER_NOT_AVAILABLE')
    })
    const refused = reply(0)
    expect(await Promise.all([reply(1), reply(2)])).toEqual([undefined, undefined])
    void reply(0)
    expect(await reply(1)).toBeUndefined()
    expect(sent.filter(each => each.startsWith('first 0'))).toHaveLength(1)
    expect(await refused).toBe('the reply was refused: LEADER_NOT_AVAILABLE')
    await replies.stop()
  })

  test('is refused at once if the server may not write into the topic', async () => {
    const { reply, sent } = createReplies(async () => {
      throw brokersError('TOPIC_AUTHORIZATION_FAILED')
    })
    expect(await reply(0)).toBe('the reply was refused: TOPIC_AUTHORIZATION_FAILED')
    expect(sent).toHaveLength(2)
  })

  test('is refused alone if it is the one that is too large', async () => {
    let large = true
    const { reply } = createReplies(async () => {
      if (large) throw brokersError('MESSAGE_TOO_LARGE')
    })
    const first = reply(0)
    expect(await first).toBe('the reply was refused: MESSAGE_TOO_LARGE')
    large = false
    expect(await reply(0)).toBeUndefined()
  })

  test('that is too large does not make later replies to its partition wait, nor go one by one', async () => {
    let large = true
    const { reply, sent } = createReplies(async () => {
      if (large) throw brokersError('MESSAGE_TOO_LARGE')
    })
    expect(await reply(0)).toBe('the reply was refused: MESSAGE_TOO_LARGE')
    large = false
    const before = sent.length
    const replies = [reply(0), reply(0), reply(0)]
    await Promise.resolve()
    await Promise.resolve()
    expect(sent.slice(before)).toEqual(Array(3).fill('again 0 plain'))
    // Timers end in their order, however busy the machine is.
    expect(await Promise.race([Promise.all(replies).then(() => 'sent'), wait(20).then(() => 'waits')])).toBe('sent')
  })

  test('is tried without end while no broker answers', async () => {
    let isDown = true
    const { reply } = createReplies(async () => {
      if (isDown) throw new Error('connect ECONNREFUSED')
    })
    const sent = reply(0)
    setTimeout(() => (isDown = false), 4 * LIMIT_MS)
    expect(await sent).toBeUndefined()
  })
})
