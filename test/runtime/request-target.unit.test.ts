import { describe, expect, test } from 'vitest'
import { pathOf, requestTarget } from '../../src/runtime/request-target.ts'

describe('the target of a request', () => {
  test.each([
    ['/a?b=c', '/a?b=c'],
    ['//a', '//a'],
    ['*', '*'],
    ['', ''],
    ['http://h', '/'],
    ['http://h?b', '/?b'],
    ['http://h/a?b=http://x', '/a?b=http://x'],
    ['HTTPS://[::1]:8080//a', '//a'],
    ['ftp://h/a', 'ftp://h/a'],
    ['http:///a', undefined],
    ['http://', undefined],
    ['http://u@h/a', undefined],
    ['http://h/a@b', '/a@b'],
  ])('%j is parsed as %j', (target, expected) => {
    expect(requestTarget(target)).toBe(expected)
  })

  test('has its query removed to get the path', () => {
    expect([pathOf('/a?b?c'), pathOf('/a'), pathOf('?')]).toEqual(['/a', '/a', ''])
  })
})
