import { describe, expect, test } from 'vitest'
import { cutText, shownText } from '../../src/runtime/shown-text.ts'

describe('a caller text in a message', () => {
  test.each([
    ['a"b\\c', '"a\\"b\\\\c"'],
    ['\r\n\0\x1b[2J', '"\\r\\n\\u0000\\u001b[2J"'],
    ['\x7f\x9b\u2028\u202e\u200b\ufeff', '"\\u007f\\u009b\\u2028\\u202e\\u200b\\ufeff"'],
    ['\ud83d', '"\\ud83d"'],
    ['grüß 😀', '"grüß 😀"'],
    ['x'.repeat(81), `"${'x'.repeat(80)}"… (81 characters)`],
    [`${'x'.repeat(79)}😀`, `"${'x'.repeat(79)}"… (81 characters)`],
  ])('%j is shown as %s', (text, shown) => {
    expect(shownText(text)).toBe(shown)
  })

  test('is cut between characters, never within one', () => {
    expect([cutText('a😀', 3), cutText('a😀', 2), cutText('a😀', 1), cutText('', 5)]).toEqual(['a😀', 'a', 'a', ''])
  })
})
