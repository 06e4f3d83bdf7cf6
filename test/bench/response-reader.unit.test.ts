import { expect, test } from 'vitest'
import { bodyOf, ResponseReader } from '../../bench/load/response-reader.ts'

const LENGTH = 'HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\n{"count":1}'
const CHUNKED = 'HTTP/1.1 503 Service Unavailable\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n'

test('the response reader finds an answer in one piece, with status and body', () => {
  const reader = new ResponseReader()
  expect(reader.push(Buffer.from(LENGTH))).toMatchObject({ status: 200, body: '{"count":1}' })
  expect(reader.push(Buffer.from(CHUNKED))).toMatchObject({ status: 503 })
})

test.each([LENGTH, CHUNKED])(
  'the response reader completes an answer at its last byte if bytes arrive one by one, and reads the next: %j',
  text => {
    const reader = new ResponseReader()
    const oneByte = Buffer.alloc(1) // reused, as the connection's buffer is
    for (let time = 0; time < 2; time++) {
      for (const [index, byte] of Buffer.from(text).entries()) {
        oneByte[0] = byte
        const answer = reader.push(oneByte)
        expect(answer !== undefined).toBe(index === text.length - 1)
      }
    }
  },
)

test('an answer of unknown length is an error, and does not hang', () => {
  expect(() => new ResponseReader().push(Buffer.from('HTTP/1.1 200 OK\r\n\r\n{}'))).toThrow('unknown length')
})

test('the body of a chunked answer is the concatenation of its chunks', () => {
  const head = 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked'
  expect(bodyOf({ status: 200, head, body: '5\r\nhello\r\nc\r\n, all of you\r\n0\r\n\r\n' })).toBe('hello, all of you')
  expect(bodyOf({ status: 200, head: 'HTTP/1.1 200 OK\r\ncontent-length: 2', body: '{}' })).toBe('{}')
})
