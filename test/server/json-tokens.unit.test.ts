import { describe, expect, test } from 'vitest'
import { JsonTokens } from '../../src/transport/rpc/json-tokens.ts'
import { seededRandom, type Random } from '../support/random.ts'

const PIECES = ['', 'a', '"', '\\', '\\"', '\\\\', '{', ']', ',', ':', ' ', '\n', '\t', '\u0000', 'é', '😀', '\ud83d', 'u0041']

/** A random value, and the tokens of its JSON. */
function randomJson(random: Random, depth = 0): { readonly value: unknown; readonly tokens: readonly string[] } {
  const kind = random.between(0, depth > 4 ? 4 : 6)
  if (kind === 0) return leaf(random.pick([null, true, false]))
  if (kind === 1) return leaf((random.between(-9, 9) / 4) * 10 ** random.between(-20, 20))
  if (kind <= 3) return leaf(Array.from({ length: random.between(0, 5) }, () => random.pick(PIECES)).join(''))
  const items = Array.from({ length: random.between(0, 4) }, () => randomJson(random, depth + 1))
  if (kind === 4) return { value: items.map(({ value }) => value), tokens: ['[', ...items.flatMap(({ tokens }) => tokens), ']'] }
  const keys = items.map((_, index) => `k${index}${random.pick(PIECES)}`)
  const entries = items.map(({ value }, index) => [keys[index]!, value] as const)
  return {
    value: Object.fromEntries(entries),
    tokens: ['{', ...items.flatMap(({ tokens }, index) => [JSON.stringify(keys[index]), ...tokens]), '}'],
  }
}

const leaf = (value: unknown) => ({ value, tokens: [JSON.stringify(value)] })

describe('the tokens of JSON', () => {
  test.each([undefined, 1, '\t'])('are found in any JSON, indented with %j', indent => {
    const random = seededRandom(7)
    for (let round = 0; round < 2_000; round++) {
      const { value, tokens: expected } = randomJson(random)
      const tokens = new JsonTokens(JSON.stringify(value, null, indent))
      const found = expected.map(() => {
        tokens.next()
        if (tokens.isString()) expect(tokens.string()).toBe(JSON.parse(tokens.text()))
        return tokens.text()
      })
      expect(found).toEqual(expected)
      expect(() => tokens.next()).toThrow('ends early')
    }
  })
})
