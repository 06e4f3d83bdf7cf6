import { describe, expect, test } from 'vitest'
import { parseProperties, PropertiesError } from '../../../broker/config/properties.ts'

function pairs(text: string): Record<string, string> {
  return Object.fromEntries(parseProperties(text).map(({ key, value }) => [key, value]))
}

describe('a properties file', () => {
  test.each([
    ['key=value', { key: 'value' }],
    ['key:value', { key: 'value' }],
    ['key value', { key: 'value' }],
    ['  key \t=\f value  ', { key: 'value  ' }],
    ['key==value', { key: '=value' }],
    ['key = : value', { key: ': value' }],
    ['key', { key: '' }],
    ['key=', { key: '' }],
    ['=value', { '': 'value' }],
    ['url=PLAINTEXT://:9092', { url: 'PLAINTEXT://:9092' }],
  ])('separates key and value: %j', (text, expected) => expect(pairs(text)).toEqual(expected))

  test.each([['a=1\nb=2'], ['a=1\r\nb=2'], ['a=1\rb=2'], ['\uFEFFa=1\nb=2\n'], ['\n \n\t\na=1\n\n   b=2']])(
    'may have the line ends of any system: %j',
    text => expect(pairs(text)).toEqual({ a: '1', b: '2' }),
  )

  test('may have comments with # and !, also indented, but not after a value', () => {
    expect(pairs('# a=1\n  ! b=2\nc=3 # three\n#d=\\\ne=5')).toEqual({ c: '3 # three', e: '5' })
  })

  test('continues a line after a backslash, without the leading space of the next line', () => {
    expect(pairs('dirs=/a,\\\n    /b,\\\r\n\t/c\nnext=1')).toEqual({ dirs: '/a,/b,/c', next: '1' })
  })

  test('does not continue a line after an escaped backslash', () => expect(pairs('dir=C:\\\\\nnext=1')).toEqual({ dir: 'C:\\', next: '1' }))

  test('never has a comment in a continued line', () => expect(pairs('a=1\\\n#2')).toEqual({ a: '1#2' }))

  test.each([
    ['a=\\u00e9\\u20AC', { a: 'é€' }],
    ['a=1\\t2\\n3\\r4\\f5', { a: '1\t2\n3\r4\f5' }],
    ['a\\ b\\=c\\:d=1', { 'a b=c:d': '1' }],
    ['a=\\q\\"', { a: 'q"' }],
    ['a=é€', { a: 'é€' }],
  ])('may have the escapes of Java: %j', (text, expected) => expect(pairs(text)).toEqual(expected))

  test('with a malformed escape is refused with the number of the line', () => {
    expect(() => parseProperties('# one\na=1\nb=\\u12x4')).toThrow(PropertiesError)
    expect(() => parseProperties('# one\na=1\nb=\\u12x4')).toThrow(/^line 3: got .*expected four hexadecimal digits/)
  })

  test('gives the number of the line on which each entry begins', () => {
    expect(parseProperties('# one\na=1,\\\n2\n\nb=3').map(({ key, line }) => [key, line])).toEqual([
      ['a', 2],
      ['b', 5],
    ])
  })

  test('keeps both values of a repeated key, in order', () =>
    expect(parseProperties('a=1\na=2').map(({ value }) => value)).toEqual(['1', '2']))
})
