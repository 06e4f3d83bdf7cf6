import { describe, expect, test } from 'vitest'
import { readHeaders, writeHeaders, type Envelope, type Headers } from '../../../pong/messages/headers.ts'
import { MalformedError } from '../../../pong/messages/malformed-error.ts'

const ID = '3f0c1f2e-5b7a-4c1d-9e8f-001122334455'
const TRACE = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01'

describe('the headers of a message', () => {
  test.each<Envelope>([
    { correlationId: ID, replyTo: { topic: 'pong', partition: 3 }, traceparent: TRACE, handshake: true },
    { correlationId: ID, replyTo: undefined, traceparent: undefined, handshake: false },
  ])('are the same after they were written and read: %j', envelope => {
    expect(readHeaders(writeHeaders(envelope))).toEqual(envelope)
  })

  test('are read from bytes, with a correlation id in upper case and a header that is unknown', () => {
    const headers = { 'correlation-id': Buffer.from(ID.toUpperCase()), toString: ['a', 'b'] }
    expect(readHeaders(headers)).toEqual({ correlationId: ID, replyTo: undefined, traceparent: undefined, handshake: false })
  })

  test.each(['', 'x', TRACE.toUpperCase(), `ff${TRACE.slice(2)}`, `${TRACE}0`, `00-${'0'.repeat(32)}-00f067aa0ba902b7-01`])(
    'are read as without a trace if traceparent is malformed: %s',
    traceparent => expect(readHeaders({ 'correlation-id': ID, traceparent }).traceparent).toBeUndefined(),
  )

  test.each<readonly [Headers | undefined, string | RegExp]>([
    [undefined, 'correlation-id: got none, expected a UUID'],
    [{}, 'correlation-id: got none, expected a UUID'],
    [{ 'correlation-id': 'x' }, 'correlation-id: got "x", expected a UUID'],
    [{ 'correlation-id': null }, 'correlation-id: got no value, expected one value'],
    [{ 'correlation-id': [ID, ID] }, 'correlation-id: got 2 values, expected one value'],
    [{ 'correlation-id': ID, handshake: 'yes' }, 'handshake: got "yes", expected 0 or 1'],
    ...['pong', 'pong/', 'pong/-1', 'pong/01', 'pong/2147483648', '/1', '../1', 'a b/1', `${'a'.repeat(250)}/1`].map(
      replyTo =>
        [{ 'correlation-id': ID, 'reply-to': replyTo }, /^reply-to: got ".*, expected a topic and a partition, such as pong\/3$/] as const,
    ),
  ])('are refused with the name, what was got and what was expected: %j', (headers, message) => {
    expect(() => readHeaders(headers)).toThrow(MalformedError)
    expect(() => readHeaders(headers)).toThrow(message)
  })
})
