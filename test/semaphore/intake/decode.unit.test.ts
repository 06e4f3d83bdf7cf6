import { describe, expect, test } from 'vitest'
import { decodeEvent } from '../../../semaphore/intake/decode-event.ts'
import { decodeRequest, type RecordFields } from '../../../semaphore/intake/decode-request.ts'

const PLACE = { topic: 'command-requests', partition: 3, offset: '17', timestamp: '1764352000000' }
const MAX_BYTES = 10

function record(fields: Partial<RecordFields> = {}): RecordFields {
  return { key: Buffer.from('printer'), value: Buffer.from('print'), headers: {}, ...fields }
}

const request = (fields?: Partial<RecordFields>) => decodeRequest(record(fields), PLACE, MAX_BYTES)
const event = (headers: Record<string, string>, fields?: Partial<RecordFields>) =>
  decodeEvent(record({ headers: { 'command-id': 'c1', ...headers }, ...fields }))

describe('a record of the requests', () => {
  test('is a command for the resource that its key names, with id and priority of its headers', () => {
    const headers = { 'command-id': Buffer.from('c1'), priority: Buffer.from('9'), traceparent: 'ignored' }
    expect(request({ headers })).toEqual({
      kind: 'submit',
      resource: 'printer',
      commandId: 'c1',
      payload: Buffer.from('print'),
      priority: 9,
    })
  })

  test('without an id has one made of its place, which a redelivery makes again and another topic of the same name does not', () => {
    expect(request()).toMatchObject({ commandId: 'command-requests:3:17:1764352000000', priority: 0 })
    expect(request()).toEqual(request())
    expect(decodeRequest(record(), { ...PLACE, timestamp: '1764352000001' }, MAX_BYTES)).not.toEqual(request())
  })

  test('may be an empty command, and one of the maximum size', () => {
    expect(request({ value: Buffer.alloc(0) }).payload).toHaveLength(0)
    expect(request({ value: Buffer.alloc(10) }).payload).toHaveLength(10)
  })

  test.each<[string, Partial<RecordFields>, RegExp]>([
    ['no key', { key: null }, /^key: got none, expected the id of a resource$/],
    ['an empty key', { key: Buffer.alloc(0) }, /^key: got nothing, expected 1 to 200 characters/],
    ['a key with a control character', { key: Buffer.from('a\nb') }, /^key: got "a\\nb", expected/],
    ['a key that is too long', { key: Buffer.from('x'.repeat(201)) }, /^key: got "x+"… \(201 characters\), expected/],
    ['a key that is not UTF-8', { key: Buffer.of(0x61, 0xff) }, /^key: got bytes that are not UTF-8 \("aÿ"\), expected UTF-8$/],
    ['no value', { value: null }, /^value: got none, expected a command$/],
    ['a value that is too large', { value: Buffer.alloc(11) }, /^value: got 11 bytes, expected at most 10$/],
    ['an empty id', { headers: { 'command-id': '' } }, /^header command-id: got nothing, expected 1 to 200 printable ASCII/],
    ['an id that is not ASCII', { headers: { 'command-id': 'grüß' } }, /^header command-id: got "grüß", expected/],
    ['two ids', { headers: { 'command-id': ['a', 'b'] } }, /^header command-id: got 2 values, expected one$/],
    ['a priority of two digits', { headers: { priority: '10' } }, /^header priority: got "10", expected a digit from 0 to 9$/],
    ['an empty priority', { headers: { priority: '' } }, /^header priority: got "", expected/],
  ])('with %s is malformed', (_, fields, message) => {
    expect(() => request(fields)).toThrow(message)
  })

  test('does not find a header among the properties that all objects have', () => {
    expect(request({ headers: Object.create({ 'command-id': 'inherited' }) })).toMatchObject({
      commandId: expect.stringMatching(/^command-requests:/),
    })
  })
})

describe('a record of the events', () => {
  test('finishes a command unless its header says otherwise', () => {
    expect(event({})).toEqual({ kind: 'finish', resource: 'printer', commandId: 'c1' })
    expect(event({ event: 'finished', token: '7' })).toEqual({ kind: 'finish', resource: 'printer', commandId: 'c1', token: 7n })
    expect(event({ event: 'extend', token: '9223372036854775807' })).toMatchObject({ kind: 'extend', token: 2n ** 63n - 1n })
  })

  test('cancels at once unless its header says that the holder confirms', () => {
    expect(event({ event: 'cancel' })).toMatchObject({ kind: 'cancel', when: 'now' })
    expect(event({ event: 'cancel', when: 'confirmed' })).toMatchObject({ kind: 'cancel', when: 'confirmed' })
  })

  test('needs no value', () => expect(event({}, { value: null })).toMatchObject({ kind: 'finish' }))

  test.each<[string, Record<string, string>, RegExp]>([
    ['another event', { event: 'done' }, /^header event: got "done", expected one of finished, cancel, extend$/],
    ['a token of letters', { token: 'x' }, /^header token: got "x", expected an integer from 1 to 9223372036854775807$/],
    ['a token above 64 bits', { token: '9223372036854775808' }, /^header token: got "9223372036854775808", expected/],
    ['the token 0', { token: '0' }, /^header token: got "0", expected/],
    ['another time of cancelling', { event: 'cancel', when: 'later' }, /^header when: got "later", expected now or confirmed$/],
  ])('with %s is malformed', (_, headers, message) => {
    expect(() => event(headers)).toThrow(message)
  })

  test('without a command id is malformed', () => {
    expect(() => decodeEvent(record())).toThrow('header command-id: got none, expected the id of a command')
  })
})
