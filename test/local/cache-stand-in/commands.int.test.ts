import { describe, expect, test } from 'vitest'
import { seededRandom } from '../../support/random.ts'
import { can } from '../../support/tiers.ts'
import { withBoth } from './both.ts'
import { randomCommand } from './random-command.ts'
import type { RespClient, GotReply } from './resp-client.ts'

/** A line is a command with its arguments, separated by blanks; `~` is an empty argument. */
const CONVERSATIONS: Readonly<Record<string, string>> = {
  strings: `SET s v|GET s|GET none|SET s w NX|SET s w XX GET|GET s|SET a b zz|SET x 1 EX 0|SET x 1 EX 9223372036854775807|SET x 1 PX 9223372036854775807
    SET x 1 EX 5 PX 5|SET x 1 EX|SET x 1 NX XX|SET x 1 NX NX|SET x 1 KEEPTTL EX 5|SET x 1 EX 5 EX 6|SET n1 v NX GET|SET n1 w NX GET|SET x 1 EXAT 5|GET x|SET x 1 EX q NX XX
    GET|GET a b|STRLEN s|STRLEN none|MGET s none|MGET|INCRBY n 41|INCR n|DECRBY n 2|DECR n|INCRBY n 1.5|INCRBY n 9223372036854775807|INCRBY n 9223372036854775808
    DECRBY n -9223372036854775808|DECRBY n 9223372036854775807|DECRBY n 9|INCR s|INCRBY n +1|INCRBY n 01|INCRBY n -0|INCRBY n ~|HSET h a 1|SET h x GET|MGET h n|INCR h|STRLEN h`,
  hashes: `HSET h a 1 b 2|HSET h a 3 c 4|HGET h a|HGET h z|HMGET h a z b|HMGET h|HGETALL h|HGETALL none|HDEL h a z|HDEL h|HEXISTS h a|HLEN h|HKEYS h|HVALS h|HKEYS none|HLEN none
    HINCRBY h b 40|HINCRBY h new -1|HINCRBY h b 1.5|HSET h m 9223372036854775807|HINCRBY h m 1|HINCRBY h m -1|HSET h t x|HINCRBY h t 1|HINCRBY h t x|HINCRBY h b 9223372036854775808
    HSET h u ~|HINCRBY h u 1|HSET h ~ 1|HGET h ~|HSET h|HSET h a|HSET h a 1 b|HSTRLEN h b|HSTRLEN h none|HSTRLEN none x|HSCAN h 0 MATCH ne*|HSCAN h x|HSCAN h 0 COUNT 0|HSCAN h 0 COUNT x
    HSCAN h 0 TYPE hash|HSCAN h 0 MATCH|HSCAN none 0 NOPE|HSCAN h 0 NOPE 1|SET s 1|HSET s a 1|HINCRBY s a x|HGETALL s|HGET s a|HMGET s a|HDEL s a|HLEN s|HSCAN s 0|HSCAN s x|GET h
    HDEL h b c m new t u ~|EXISTS h|HDEL h x`,
  keys: `SET one 1|HSET two f v|TYPE one|TYPE two|TYPE none|TYPE|EXISTS one two one none|EXISTS|KEYS o?e|KEYS [a-o]*|KEYS x*|KEYS [z-a]*|KEYS ~|DBSIZE|DBSIZE x|SCAN 0 MATCH t*|SCAN 0 TYPE hash
    SCAN 0 TYPE HASH|SCAN 0 TYPE nope|SCAN 0 MATCH t* COUNT 100|SCAN x|SCAN ~|SCAN -5x|SCAN 18446744073709551616|SCAN 1.5|SCAN|SCAN 0 COUNT 0|SCAN 0 COUNT -1|SCAN 0 COUNT 1x|SCAN 0 MATCH|SCAN 0 FOO 1
    TTL one|TTL none|PTTL none|EXPIRE one 100|TTL one|PERSIST one|PERSIST one|PERSIST none|TTL one|EXPIRE one x|EXPIRE one|EXPIRE one 9223372036854775807|EXPIRE one -9223372036854775808
    EXPIRE one 9223372036854775|EXPIRE one 9223370000000000|PEXPIRE one 9223372036854775807|EXPIREAT one 9223372036854775807|PEXPIREAT one 9223372036854775807|PTTL none|TTL none|EXPIRE none 5
    EXPIRE one 100 NX|EXPIRE one 110 XX|EXPIRE one 120 GT|EXPIRE one 130 LT|EXPIRE one 200 GT|EXPIRE one 50 GT|EXPIRE one 40 LT|EXPIRE one 5 FOO|EXPIRE one 5 NX XX|EXPIRE one 5 GT LT|EXPIRE one x FOO|TTL one
    SET one 2 KEEPTTL|TTL one|SET one 2|TTL one|PEXPIRE one -1|EXISTS one|SET one 1|EXPIREAT one 1|EXISTS one|SET ~ empty|KEYS *|KEYS ?|GET ~|DEL ~
    SELECT 1|DBSIZE|SELECT 0|SELECT 99|SELECT -1|SELECT x|SELECT 2147483648|SELECT 9223372036854775808|SELECT|DEL two none|UNLINK two|DEL|DBSIZE|FLUSHALL ASYNC|FLUSHDB nope|FLUSHALL SYNC ASYNC|FLUSHDB ~`,
  connection: `PING|PING hi|PING a b|ECHO x|ECHO|NOPE a b|CLIENT FOO|CLIENT|CLIENT SETNAME me|CLIENT GETNAME|CLIENT SETNAME|CLIENT SETNAME ~|CLIENT GETNAME|CLIENT GETNAME x
    AUTH x|AUTH default x|AUTH other x|AUTH a b c|AUTH|HELLO 5|HELLO x|HELLO 1|HELLO 2 FOO|HELLO 2 AUTH a|HELLO 2 AUTH other x|HELLO 3 SETNAME|HELLO 9999999999999999999|TIME x|RESET x|RESET
    CONFIG GET sav?|CONFIG GET SAVE|CONFIG GET nope|CONFIG GET|CONFIG|CONFIG FOO|SCRIPT FOO|SCRIPT|MEMORY USAGE none|MEMORY USAGE|MEMORY FOO|SLOWLOG GET|SLOWLOG GET x|SLOWLOG LEN|SLOWLOG RESET|SLOWLOG LEN x|QUIT`,
  transactions: `MULTI|SET k 1|INCR k|HGET k f|EXEC|GET k|EXEC|DISCARD|MULTI|MULTI|SET k 7|DISCARD|GET k|MULTI|NOPE|SET k 8|EXEC|GET k|MULTI|GET|EXEC|WATCH k|SET k 9|MULTI|GET k|EXEC
    WATCH k|UNWATCH|SET k 10|MULTI|GET k|EXEC|WATCH k|MULTI|WATCH k|UNWATCH|GET k|EXEC|WATCH k|FLUSHALL|MULTI|EXEC|WATCH none|FLUSHALL|MULTI|PING|EXEC|MULTI x|EXEC x|WATCH
    SET k 1|WATCH k|PEXPIRE k -1|MULTI|EXEC|WATCH k|SELECT 1|SET k 1|MULTI|EXEC|WATCH k|SELECT 0|SET k 1|MULTI|PING|EXEC|WATCH k|DEL k|DISCARD|MULTI|EXEC|MULTI|SELECT 1|SET in 1|EXEC|EXISTS in|SELECT 0
    WATCH k|MULTI|RESET|EXEC|MULTI|MULTI|EXEC|WATCH k|HSET k f v|HDEL k f|MULTI|PING|EXEC`,
  scripts: `EVALSHA abc 0|EVALSHA abc x|EVALSHA abc -1|EVALSHA abc 2 a|EVALSHA abc|EVAL|SCRIPT EXISTS abc DEF|SCRIPT EXISTS|SCRIPT FLUSH|SCRIPT FLUSH ASYNC|SCRIPT FLUSH x|SCRIPT FLUSH SYNC SYNC|SCRIPT KILL|SCRIPT LOAD|SCRIPT LOAD a b`,
  'what comes back as bytes': `SET \x00\xff\r\n é|GET \x00\xff\r\n|STRLEN \x00\xff\r\n|KEYS *|KEYS \x00?\r\n|HSET h \xfe\x80 \x00|HGETALL h|HSCAN h 0 MATCH \xfe*|ECHO \r\n|NOPE \xff\r\nx|EXPIRE h 5 a\r\nb`,
}

function linesOf(conversation: string): readonly (readonly string[])[] {
  return conversation
    .replaceAll(/\n {4}/g, '|')
    .split('|')
    .map(line => line.split(' ').map(word => (word === '~' ? '' : word)))
}

describe.runIf(can('redis'))('the cache stand-in answers as Redis does', () => {
  const both = withBoth()

  describe.each(['2', '3'])('in RESP%s', protocol => {
    test.each(Object.keys(CONVERSATIONS))('%s', async name => {
      const { redis, standIn } = await both()
      for (const client of [redis, standIn]) await client.ask('HELLO', protocol)
      const lines = linesOf(CONVERSATIONS[name] ?? '')
      expect(await converse(standIn, lines)).toEqual(await converse(redis, lines))
    })
  })

  test.each([1, 2, 3, 4])('to 2000 random commands, well-formed and malformed (%i)', async run => {
    const { redis, standIn } = await both()
    const seed = (Date.now() % 1e9) + run
    const random = seededRandom(seed)
    const lines = Array.from({ length: 2_000 }, () => randomCommand(random))
    const [got, expected] = [await converse(standIn, lines), await converse(redis, lines)]
    const first = got.findIndex((line, index) => line !== expected[index])
    expect(got.slice(0, first + 1).slice(-40), `seed ${seed}`).toEqual(expected.slice(0, first + 1).slice(-40))
  })
})

async function converse(client: RespClient, lines: readonly (readonly string[])[]): Promise<readonly string[]> {
  const replies = await client.askAll(lines)
  let queued: (readonly string[])[] = []
  return lines.map((line, index) => {
    const got = replies[index] ?? ''
    const shown = /^exec$/i.test(line[0] ?? '') && typeof got !== 'string' ? comparableExec(queued, got) : comparable(line, got)
    if (got === '+QUEUED') queued = [...queued, line]
    else if (got === '+OK' && /^multi$/i.test(line[0] ?? '')) queued = []
    return `${line.join(' ')} → ${JSON.stringify(shown)}`
  })
}

/** The replies of EXEC, each as the reply of its own command. */
function comparableExec(queued: readonly (readonly string[])[], [sign = '', ...replies]: readonly GotReply[]): GotReply {
  const shown = replies.map((reply, index) => comparable(queued[index] ?? [], reply))
  return [sign, ...shown.map(item => (typeof item === 'string' ? item : sorted(item)))]
}

/** What may differ: the order of keys, the rest of a time to live, and what the stand-in adds to Redis' texts. */
function comparable([name = '']: readonly string[], got: GotReply): GotReply {
  if (typeof got === 'string' && got.startsWith('-ERR unknown command')) return got.replace(/\(this is ping-cache-stand-in.*\)$/, '')
  if (/^(keys|scan)$/i.test(name) && typeof got !== 'string') return sorted(got)
  if (/^p?ttl$/i.test(name) && /^:\d+$/.test(String(got))) return roughly(BigInt(String(got).slice(1)) / (/^p/i.test(name) ? 1_000n : 1n))
  return got
}

/** To the minute, or to some days if it ends in many years: the two do not ask at the same moment. */
function roughly(seconds: bigint): string {
  const unit = seconds > 1_000_000n ? 1_000_000n : 60n
  return `:${(seconds + unit / 2n) / unit} times ${unit} s`
}

function sorted([sign = '', ...items]: readonly GotReply[]): readonly GotReply[] {
  return [sign, ...items.map(item => (typeof item === 'string' ? item : sorted(item))).toSorted()]
}
