import { expect, test } from 'vitest'
import { matchesGlob } from '../../../local/cache-stand-in/glob.ts'

function stepsOf(pattern: string, text: string): number {
  let steps = 0
  matchesGlob(pattern, text, more => (steps += more))
  return steps
}

test.each([
  ['a*'.repeat(200) + 'b', 'a'.repeat(2_000)],
  ['*a'.repeat(200) + 'b', 'a'.repeat(2_000)],
  [`*${'[a-z]'.repeat(100)}0`, 'a'.repeat(2_000)],
  [`${'*'.repeat(10_000)}b`, 'a'.repeat(2_000)],
  [`*[${'b'.repeat(1_000)}]`, 'a'.repeat(2_000)],
])('matching the pattern %.20s… takes no more steps than its length times the length of the text', (pattern, text) => {
  expect(stepsOf(pattern, text)).toBeLessThanOrEqual(pattern.length * text.length)
})

test.each([
  ['*', '', false],
  ['', '', true],
  ['*', 'a', true],
  ['[z-a]*', 'm', true],
  ['[^', 'x', true],
  ['[', '[', false],
  ['[a', 'a', true],
  ['a\\', 'a\\', true],
  ['\\*', '*', true],
  ['[\\]]', ']', true],
  ['[a-]', ']', true],
])('%j on %j: %j', (pattern, text, expected) => expect(matchesGlob(pattern, text, () => undefined)).toBe(expected))
