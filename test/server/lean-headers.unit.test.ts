import { describe, expect, test } from 'vitest'
import { AnswerHeaders } from '../../src/transport/http/lean/answer-headers.ts'
import { answerLines } from '../../src/transport/http/lean/answer-lines.ts'
import { RequestHeaders } from '../../src/transport/http/lean/request-headers.ts'
import { webHeaders } from '../../src/transport/http/web-headers.ts'

const TYPE = 'application/json'
const NODES = {
  host: 'x',
  'content-type': 'text/plain',
  'content-encoding': 'GZIP',
  'connect-timeout-ms': '9999999999',
  'set-cookie': ['a=1', 'b=2'],
  accept: 'a, b',
}
const NAMES = [
  'host',
  'Host',
  'content-type',
  'Content-Encoding',
  'connect-timeout-ms',
  'set-cookie',
  'accept',
  'absent',
  'constructor',
  '__proto__',
]

describe('the headers of a request', () => {
  test.each([TYPE, undefined])('equal those of the platform for every call, with the type %j', type => {
    const lazy = new RequestHeaders(NODES, type)
    const whole = webHeaders(NODES, type)
    const values = (headers: Headers) => NAMES.map(name => [name, headers.get(name), headers.has(name)])
    expect(values(lazy)).toEqual(values(whole))
    expect([...lazy]).toEqual([...whole])
    expect(lazy.getSetCookie()).toEqual(whole.getSetCookie())
    expect(new Headers(lazy).get('host')).toBe('x')
    expect(lazy).toBeInstanceOf(Headers)
    lazy.append('host', 'y')
    expect(lazy.get('host')).toBe('x, y')
  })

  test('reject an invalid name', () => {
    expect(() => new RequestHeaders(NODES, TYPE).get('a b')).toThrow(TypeError)
  })
})

/** Changes that a handler may make to the headers of its answer. */
const CHANGES: readonly (readonly [string, (headers: Headers) => void])[] = [
  ['nothing', () => undefined],
  ['set one', headers => headers.set('ping-id', 'x')],
  ['set one twice, in upper and lower case', headers => (headers.set('A', '1'), headers.set('a', '2'))],
  ['set one that comes before the length', headers => (headers.set('cache-control', 'no-store'), headers.set('z', '1'))],
  ['set one with spaces around it', headers => headers.set('a', ' b c ')],
  ['set one with other characters', headers => headers.set('a', 'é')],
  ['set one to an empty value', headers => headers.set('a', '')],
  ['append', headers => (headers.append('a', '1'), headers.append('a', '2'))],
  ['append cookies', headers => (headers.append('set-cookie', 'a=1'), headers.append('set-cookie', 'b=2'))],
  ['set, read and delete', headers => (headers.set('a', '1'), headers.set('b', String(headers.get('A'))), headers.delete('a'))],
  ['change the content-type', headers => headers.set('content-type', 'application/x')],
  ['set its own content-length', headers => headers.set('content-length', '99')],
]

describe('the headers of an answer', () => {
  test.each(CHANGES)('are those of the platform, in its order, after a handler has done this: %s', (_, change) => {
    const [lazy, whole] = [new AnswerHeaders(['content-type', TYPE]), new Headers({ 'content-type': TYPE })]
    change(lazy)
    change(whole)
    whole.set('content-length', '2')
    expect(answerLines(lazy, new AnswerHeaders([]), 2, undefined)).toEqual([...whole].flat())
  })

  test('are followed by trailers, and name the compression of the body', () => {
    const header = new AnswerHeaders(['content-type', TYPE])
    const lines = ['content-encoding', 'gzip', 'content-length', '2', 'content-type', TYPE]
    expect(answerLines(header, new AnswerHeaders([]), 2, 'gzip')).toEqual(lines)
    const trailer = new AnswerHeaders([])
    trailer.set('a', 'b')
    expect(answerLines(header, trailer, 2, 'gzip')).toEqual([...lines, 'trailer-a', 'b'])
  })

  test.each([
    ['a b', 'c'],
    ['a', 'b\r\nc: d'],
    ['', 'a'],
  ])('reject the header %j: %j', (name, value) => {
    expect(() => new AnswerHeaders([]).set(name, value)).toThrow(TypeError)
  })
})
