import { describe, expect, test } from 'vitest'
import { commandIdFault, resourceIdFault } from '../../semaphore/terms/ids.ts'

describe('a resource id', () => {
  test.each(['a', 'Bahnhof Zürich', 'x'.repeat(200), '😀'.repeat(200), '../a/b?c#d', ' '])('may be %j', id => {
    expect(resourceIdFault(id)).toBeUndefined()
  })

  test.each([
    ['', 'got nothing'],
    ['x'.repeat(201), 'got "xxx'],
    ['😀'.repeat(201), '(402 characters)'],
    ['a\nb', 'got "a\\nb"'],
    ['a\0', 'got "a\\u0000"'],
    ['a\u0085', 'got "a\\u0085"'],
    ['\ud83d', 'got "\\ud83d"'],
  ])('is not %j', (id, got) => {
    expect(resourceIdFault(id)).toContain(got)
    expect(resourceIdFault(id)).toMatch(/, expected 1 to 200 characters without control characters$/)
  })
})

describe('a command id', () => {
  test.each(['a', '~'.repeat(200), 'command-requests:3:17:1764352000000'])('may be %j', id => expect(commandIdFault(id)).toBeUndefined())

  test.each(['', 'x'.repeat(201), 'grüß', 'a\tb'])('is not %j', id => {
    expect(commandIdFault(id)).toMatch(/^got .+, expected 1 to 200 printable ASCII characters$/)
  })
})
