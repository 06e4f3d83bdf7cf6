import { describe, expect, test } from 'vitest'
import { seededRandom, type Random } from '../../support/random.ts'
import { can } from '../../support/tiers.ts'
import { withBoth } from './both.ts'
import type { GotReply } from './resp-client.ts'

const IN_KEYS = ['a', 'b', 'c', 'A', '-', ']', '[', '^', '\\', '*', '?', '\0', '\n', '\xff', '\x80']
/** Special characters of patterns more often than others. If C's `char` is unsigned, ranges of bytes above 127 differ. */
const IN_PATTERNS = [
  'a',
  'b',
  'c',
  '-',
  '-',
  ']',
  ']',
  '[',
  '[',
  '[',
  '^',
  '\\',
  '\\',
  '*',
  '*',
  '?',
  'A',
  '\0',
  '\n',
  ...(process.arch === 'x64' ? ['\xff', '\x80'] : []),
]

describe.runIf(can('redis'))('a random pattern in the cache stand-in', () => {
  const both = withBoth()

  test('finds what Redis finds', async () => {
    const seed = Date.now() % 1e9
    const random = seededRandom(seed)
    const { redis, standIn } = await both()
    const keys = Array.from({ length: 150 }, () => textOf(random, IN_KEYS, 7))
    const patterns = Array.from({ length: 3_000 }, () => textOf(random, IN_PATTERNS, 10))
    const commands = [...keys.map(key => ['SET', key, '1']), ...patterns.map(pattern => ['KEYS', pattern])]
    const [expected, found] = await Promise.all([redis.askAll(commands), standIn.askAll(commands)])
    for (const [index, command] of commands.entries()) {
      expect(sorted(found[index]!), `seed ${seed}: ${JSON.stringify(command)}`).toEqual(sorted(expected[index]!))
    }
  })
})

function textOf(random: Random, signs: readonly string[], longest: number): string {
  return Array.from({ length: random.between(0, longest) }, () => random.pick(signs)).join('')
}

function sorted(got: GotReply): GotReply {
  return typeof got === 'string' ? got : got.toSorted()
}
