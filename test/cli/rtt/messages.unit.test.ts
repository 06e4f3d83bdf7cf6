import { describe, expect, test } from 'vitest'
import { decode } from '../../../pong/messages/decode.ts'
import { encode } from '../../../pong/messages/encode.ts'
import { readHeaders } from '../../../pong/messages/headers.ts'
import { Correlation } from '../../../src/cli/rtt/correlation.ts'
import { ProbeMessages, type MessageOptions } from '../../../src/cli/rtt/probe-messages.ts'

const messagesOf = (options: Partial<MessageOptions> = {}): ProbeMessages =>
  new ProbeMessages({
    topic: 'ping',
    to: 'one',
    bytes: 20,
    handshake: true,
    replyTo: partition => ({ topic: 'pong', partition }),
    ...options,
  })
const read = ({ value, headers }: { readonly value: string; readonly headers: object }) => ({
  value: Buffer.from(value),
  headers: { ...headers },
})

describe('the correlation ids of a run', () => {
  test('are UUIDs that hold the number of the probe, and are of no other run', () => {
    const [own, other] = [new Correlation(), new Correlation()]
    for (const seq of [1, 4_096, 2 ** 47]) {
      const id = own.idOf(seq)
      expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-a[0-9a-f]{3}-[0-9a-f]{12}$/)
      expect(own.seqOf(id)).toBe(seq)
      expect(other.seqOf(id)).toBeUndefined()
    }
    expect(own.seqOf('x')).toBeUndefined()
  })
})

describe('the messages of a run', () => {
  test('are pings with a place for the reply, a trace and a handshake, or echoes for no server', () => {
    const ping = messagesOf().probe(7, 2, 1)
    expect(decode(Buffer.from(ping.value))).toMatchObject({
      type: 'ping',
      seq: 7,
      to: 'one',
      attempt: 1,
      padding: expect.stringMatching(/^[\w-]{20}$/),
    })
    expect(readHeaders(ping.headers)).toMatchObject({
      replyTo: { topic: 'pong', partition: 2 },
      handshake: true,
      traceparent: expect.any(String),
    })
    expect(ping.key).toBe(ping.headers['correlation-id'])
    const echo = messagesOf({ to: undefined }).probe(7, 2, 1)
    expect(decode(Buffer.from(echo.value))).toMatchObject({ type: 'echo', seq: 7 })
    expect(Object.keys(echo.headers)).toEqual(['correlation-id'])
  })

  test('mean an echo when they are read back, with the attempt', () => {
    for (const to of ['one', undefined] as const) {
      const messages = messagesOf({ to })
      expect(messages.readRequest(read(messages.probe(7, 2, 1)), 5)).toEqual({ kind: 'echoed', seq: 7, atMs: 5, attempt: 1, intact: true })
    }
    const messages = messagesOf()
    expect(messages.readRequest(read(messages.probe(7, 2, 2)), 5)).toMatchObject({ attempt: 2 })
  })

  test('mean nothing if they are confirmations, or of another run, or have no headers', () => {
    const [messages, other] = [messagesOf(), messagesOf()]
    expect(messages.readRequest(read(messages.confirmation(7, 2, 'pong-1')), 5)).toBeUndefined()
    expect(messages.readRequest(read(other.probe(7, 2, 1)), 5)).toBeUndefined()
    expect(messages.readRequest({ value: Buffer.from(messages.probe(7, 2, 1).value) }, 5)).toBeUndefined()
    expect(messages.readReply({ value: null }, 5)).toBeUndefined()
  })

  test('are damaged if their content changed, even into that of another run', () => {
    const [messages, other] = [messagesOf(), messagesOf()]
    const { headers } = messages.probe(7, 2, 1)
    for (const value of [other.probe(7, 2, 1).value, 'not JSON', messages.probe(8, 2, 1).value])
      expect(messages.readRequest(read({ value, headers }), 5)).toMatchObject({ kind: 'echoed', seq: 7, intact: false })
  })

  test('mean an answer if they are replies with the content of the ping', () => {
    const messages = messagesOf()
    const { headers, value } = messages.probe(7, 2, 1)
    const { padding } = decode(Buffer.from(value)) as { readonly padding: string }
    const pong = { type: 'pong', seq: 7, from: 'a', heldUs: 412, attempt: 2, redelivered: true, padding } as const
    const answer = { from: 'a', atMs: 5, heldMs: 0.412, attempt: 2, redelivered: true, intact: true }
    expect(messages.readReply(read({ value: encode(pong), headers }), 5)).toEqual({ kind: 'answered', seq: 7, answer })
    expect(messages.readReply(read({ value: encode({ ...pong, padding: '' }), headers }), 5)).toMatchObject({ answer: { intact: false } })
    expect(messages.readReply(read({ value: encode({ type: 'ack', seq: 7, to: 'a' }), headers }), 5)).toBeUndefined()
  })
})
