import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { atDepth, firstOrAll } from '../../support/depth.ts'
import { seededRandom } from '../../support/random.ts'
import { can } from '../../support/tiers.ts'
import { withBoth, type Both } from './both.ts'
import { randomCall, type Call } from './random-call.ts'
import type { RespClient, GotReply } from './resp-client.ts'

const SOURCES = Object.fromEntries(
  ['claim', 'flush', 'replace'].map(name => [
    name,
    readFileSync(new URL(`../../../src/counters/scripts/${name}.lua`, import.meta.url), 'latin1'),
  ]),
)
const KEY = 'k'
const CALLS = atDepth({ normally: 500, thoroughly: 1_500 })

describe.runIf(can('redis'))("Ping's scripts do the same in the cache stand-in as in Redis", () => {
  const both = withBoth()

  test.each(firstOrAll([1, 2]))(`with ${CALLS} random calls on random hashes, well-formed and malformed (%i)`, async run => {
    const seed = (Date.now() % 1e9) + run
    const random = seededRandom(seed)
    const clients = await both()
    for (let i = 0; i < CALLS; i++) await compare(clients, randomCall(random), `seed ${seed}, call ${i}`)
  })

  test.each([
    ['a flush of as many minutes as Lua can look up at once', minutes(7_999), ['INCOMPLETE']],
    ['a flush of one more', minutes(8_000), ['INCOMPLETE']],
    ['a flush of as many minutes as Lua can write at once', minutes(3_997), []],
    ['a flush of one more', minutes(3_998), []],
  ])('with %s', async (_, pairs, without) => {
    const whole = ['total', '0', 'minutes-from', '-', 'minutes-to', '99999', 'applied:0', '0:0', 'asof:0', '1']
    const held = without.length > 0 ? pairs : []
    await compare(
      await both(),
      { script: 'flush', keys: 1, hash: [...whole, ...held], argv: ['0', '0:0', '1:1', '1', '', '99999', '0', '5', ...pairs] },
      'minutes',
    )
  })
})

function minutes(count: number): string[] {
  return Array.from({ length: count }, (_, minute) => [String(minute), '1']).flat()
}

async function compare({ redis, standIn }: Both, call: Call, what: string): Promise<void> {
  const [expected, got] = await Promise.all([outcome(redis, call), outcome(standIn, call)])
  expect(got, `${what}: ${JSON.stringify(call)}`).toEqual(expected)
}

/** The reply, and the value of the key afterwards. Errors of Lua itself are compared by their code, since their texts are Lua's. */
async function outcome(client: RespClient, { script, hash, keys, argv }: Call): Promise<unknown> {
  const [, , reply = '', after = ''] = await client.askAll([
    ['DEL', KEY],
    typeof hash === 'string' ? ['SET', KEY, hash] : hash.length > 0 ? ['HSET', KEY, ...hash] : ['PING'],
    ['EVAL', SOURCES[script] ?? '', String(keys), ...[KEY, 'other'].slice(0, keys), ...argv],
    ['HGETALL', KEY],
  ])
  return { reply: typeof reply === 'string' && reply.startsWith('-') ? reply.split(' ', 1)[0] : reply, after: fields(after) }
}

function fields(got: GotReply): unknown {
  return typeof got === 'string'
    ? got
    : Object.fromEntries(Array.from({ length: (got.length - 1) / 2 }, (_, i) => [got[2 * i + 1], got[2 * i + 2]]))
}
