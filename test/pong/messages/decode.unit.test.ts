import { describe, expect, test } from 'vitest'
import { decode } from '../../../pong/messages/decode.ts'
import { encode } from '../../../pong/messages/encode.ts'
import { MalformedError } from '../../../pong/messages/malformed-error.ts'
import type { Message } from '../../../pong/messages/message.ts'

const MESSAGES: readonly Message[] = [
  { type: 'ping', seq: 1, to: 'one', attempt: 1, padding: 'xxx' },
  { type: 'ping', seq: 0, to: 'all', attempt: 2, padding: '' },
  { type: 'ping', seq: 2 ** 53 - 1, to: ['pong-1', 'b.c_d'], attempt: 1, padding: 'ü\ud800"\\' },
  { type: 'pong', seq: 1, from: 'pong-1', heldUs: 412, attempt: 1, redelivered: true, padding: 'xxx' },
  { type: 'ack', seq: 1, to: 'pong-1' },
  { type: 'echo', seq: 1, padding: 'xxx' },
]

describe('a message of the round trip', () => {
  test.each(MESSAGES)('is the same after it was written and read: %j', message => {
    expect(decode(Buffer.from(encode(message)))).toEqual(message)
  })

  test('may be a ping with only its type and its number', () => {
    expect(decode(Buffer.from('{"type":"ping","seq":7}'))).toEqual({ type: 'ping', seq: 7, to: 'one', attempt: 1, padding: '' })
  })

  test('may have fields that are unknown', () => {
    expect(decode(Buffer.from('{"type":"ack","seq":7,"to":"a","new":[1]}'))).toEqual({ type: 'ack', seq: 7, to: 'a' })
  })

  test.each([
    [null, 'value: got none, expected a JSON object'],
    [Buffer.of(0xff, 0xfe), 'value: got bytes that are not UTF-8, expected a JSON object'],
    ['', 'value: got "", which is not JSON, expected a JSON object'],
    ['{"type":"ping"', 'value: got "{\\"type\\":\\"ping\\"", which is not JSON, expected a JSON object'],
    ['[1,2]', 'value: got a list of 2, expected a JSON object'],
    ['null', 'value: got null, expected a JSON object'],
    ['{}', 'type: got none, expected ping, pong, ack or echo'],
    ['{"type":"pang"}', 'type: got "pang", expected ping, pong, ack or echo'],
    ['{"type":["ping"]}', 'type: got a list of 1, expected ping, pong, ack or echo'],
    ['{"type":"ping"}', 'seq: got none, expected an integer from 0 to 2^53 - 1'],
    ['{"type":"ping","seq":-1}', 'seq: got -1, expected an integer from 0 to 2^53 - 1'],
    ['{"type":"ping","seq":1.5}', 'seq: got 1.5, expected an integer from 0 to 2^53 - 1'],
    ['{"type":"ping","seq":"1"}', 'seq: got "1", expected an integer from 0 to 2^53 - 1'],
    ['{"type":"ping","seq":9007199254740992}', 'seq: got 9007199254740992, expected an integer from 0 to 2^53 - 1'],
    ['{"type":"ping","seq":1,"attempt":0}', 'attempt: got 0, expected an integer from 1 to 2^53 - 1'],
    ['{"type":"ping","seq":1,"to":"some"}', 'to: got "some", expected one, all or a list of 1 to 100 names'],
    ['{"type":"ping","seq":1,"to":[]}', 'to: got a list of 0, expected one, all or a list of 1 to 100 names'],
    ['{"type":"ping","seq":1,"to":["a","b c"]}', /^to\[1\]: got "b c", expected up to 200 letters/],
    ['{"type":"ping","seq":1,"to":["all"]}', /^to\[0\]: got "all", expected up to 200 letters/],
    ['{"type":"ping","seq":1,"padding":{}}', 'padding: got an object, expected a string'],
    ['{"type":"pong","seq":1,"from":"a","heldUs":1,"attempt":1}', 'redelivered: got none, expected true or false'],
    ['{"type":"ack","seq":1}', /^to: got none, expected up to 200 letters/],
    [`{"type":${'['.repeat(50_000)}${']'.repeat(50_000)}}`, 'type: got a list of 1, expected ping, pong, ack or echo'],
  ])('is refused with the field, what was got and what was expected: %.60s', (value, message) => {
    const bytes = typeof value === 'string' ? Buffer.from(value) : value
    expect(() => decode(bytes)).toThrow(MalformedError)
    expect(() => decode(bytes)).toThrow(message)
  })
})
