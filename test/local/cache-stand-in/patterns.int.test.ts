import { describe, expect, test } from 'vitest'
import { can } from '../../support/tiers.ts'
import { seededRandom, type Random } from '../../support/random.ts'
import { withBoth } from './both.ts'
import type { Told } from './resp-client.ts'

const IN_KEYS = ['a', 'b', 'c', 'A', '-', ']', '[', '^', '\\', '*', '?', '\0', '\n', '\xff', '\x80']
/** Signs of patterns more often than others. Where C's `char` has no sign, ranges of bytes above 127 are others. */
const IN_PATTERNS = ['a', 'b', 'c', '-', '-', ']', ']', '[', '[', '[', '^', '\\', '\\', '*', '*', '?', 'A', '\0', '\n', ...(process.arch === 'x64' ? ['\xff', '\x80'] : [])]

describe.runIf(can('redis'))('a pattern', () => {
  const both = withBoth()

  test('of whatever signs finds what Redis finds', async () => {
    const seed = Date.now() % 1e9
    const random = seededRandom(seed)
    const { redis, standIn } = await both()
    const keys = Array.from({ length: 150 }, () => textOf(random, IN_KEYS, 7))
    for (const client of [redis, standIn]) for (const key of keys) await client.ask('SET', key, '1')
    for (let i = 0; i < 3_000; i++) {
      const pattern = textOf(random, IN_PATTERNS, 10)
      for (const client of [redis, standIn]) client.socket.write(`*2\r\n$4\r\nKEYS\r\n$${pattern.length}\r\n${pattern}\r\n`, 'latin1')
      const [expected, found] = [await redis.reply(), await standIn.reply()].map(sorted)
      expect(found, `seed ${seed}: KEYS ${JSON.stringify(pattern)}`).toEqual(expected)
    }
  })
})

function textOf(random: Random, signs: readonly string[], longest: number): string {
  return Array.from({ length: random.between(0, longest) }, () => random.pick(signs)).join('')
}

function sorted(told: Told): Told {
  return typeof told === 'string' ? told : told.toSorted()
}
