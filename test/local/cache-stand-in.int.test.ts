import { createHash } from 'node:crypto'
import { createConnection } from 'node:net'
import { Redis } from 'ioredis'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startRedis, startStandIn, type TestRedis } from '../support/redis.ts'
import { can } from '../support/tiers.ts'

type Line = readonly (string | number)[]

/** Each conversation is held with both, from an empty database on; the answers must be the same. */
const CONVERSATIONS: Readonly<Record<string, readonly Line[]>> = {
  strings: [
    ['SET', 's', 'v'], ['GET', 's'], ['GET', 'none'], ['SET', 's', 'w', 'NX'], ['SET', 's', 'w', 'XX', 'GET'], ['GET', 's'],
    ['SET', 'a', 'b', 'zz'], ['SET', 'x', '1', 'EX', '0'], ['GET'], ['STRLEN', 's'], ['MGET', 's', 'none'],
    ['INCRBY', 'n', '41'], ['INCR', 'n'], ['DECRBY', 'n', '2'], ['INCRBY', 'n', '1.5'], ['INCRBY', 'n', '9223372036854775807'], ['INCR', 's'],
  ],
  hashes: [
    ['HSET', 'h', 'a', '1', 'b', '2'], ['HSET', 'h', 'a', '3', 'c', '4'], ['HGET', 'h', 'a'], ['HGET', 'h', 'z'], ['HMGET', 'h', 'a', 'z', 'b'],
    ['HGETALL', 'h'], ['HGETALL', 'none'], ['HDEL', 'h', 'a', 'z'], ['HEXISTS', 'h', 'a'], ['HLEN', 'h'], ['HKEYS', 'h'], ['HVALS', 'h'],
    ['HINCRBY', 'h', 'b', '40'], ['HINCRBY', 'h', 'new', '-1'], ['HINCRBY', 'h', 'b', '1.5'], ['HSET', 'h', 'm', '9223372036854775807'],
    ['HINCRBY', 'h', 'm', '1'], ['HSET', 'h', 't', 'x'], ['HINCRBY', 'h', 't', '1'], ['HSET', 'h', 'a'], ['HSET', 'h', 'a', '1', 'b'],
    ['HSETNX', 'h', 'b', '9'], ['HSTRLEN', 'h', 'b'], ['HSCAN', 'h', '0', 'MATCH', 'ne*'], ['HSCAN', 'h', 'x'], ['SET', 's', '1'],
    ['HSET', 's', 'a', '1'], ['HGETALL', 's'], ['GET', 'h'], ['HDEL', 'h', 'b', 'c', 'm', 'new', 't'], ['EXISTS', 'h'],
  ],
  keys: [
    ['SET', 'one', '1'], ['HSET', 'two', 'f', 'v'], ['TYPE', 'one'], ['TYPE', 'two'], ['TYPE', 'none'], ['EXISTS', 'one', 'two', 'one', 'none'],
    ['KEYS', 'o?e'], ['KEYS', '[a-o]*'], ['KEYS', 'x*'], ['DBSIZE'], ['SCAN', '0', 'MATCH', 't*'], ['SCAN', 'x'], ['TTL', 'one'], ['TTL', 'none'],
    ['EXPIRE', 'one', '100'], ['TTL', 'one'], ['PERSIST', 'one'], ['TTL', 'one'], ['EXPIRE', 'one', 'x'], ['PEXPIRE', 'one', '-1'], ['EXISTS', 'one'],
    ['SELECT', '1'], ['DBSIZE'], ['SELECT', '0'], ['SELECT', '99'], ['DEL', 'two', 'none'], ['DBSIZE'], ['FLUSHALL'], ['FLUSHDB', 'nope'],
  ],
  connection: [
    ['PING'], ['PING', 'hi'], ['ECHO', 'x'], ['NOPE', 'a', 'b'], ['CLIENT', 'FOO'], ['CLIENT', 'SETNAME', 'me'], ['CLIENT', 'GETNAME'],
    ['CONFIG', 'GET', 'sav?'], ['AUTH', 'x'], ['AUTH', 'default', 'x'], ['HELLO', '5'], ['SCRIPT', 'FOO'],
  ],
  transactions: [
    ['MULTI'], ['SET', 'k', '1'], ['INCR', 'k'], ['HGET', 'k', 'f'], ['EXEC'], ['GET', 'k'], ['EXEC'], ['DISCARD'], ['MULTI'], ['MULTI'],
    ['SET', 'k', '7'], ['DISCARD'], ['GET', 'k'], ['MULTI'], ['NOPE'], ['SET', 'k', '8'], ['EXEC'], ['GET', 'k'], ['WATCH', 'k'], ['SET', 'k', '9'],
    ['MULTI'], ['GET', 'k'], ['EXEC'], ['WATCH', 'k'], ['UNWATCH'], ['SET', 'k', '10'], ['MULTI'], ['GET', 'k'], ['EXEC'],
  ],
  'scripts: values to and fro': [
    ['EVAL', 'return {1, 2.9, nil, 3}', 0], ['EVAL', 'return {ok = "fine"}', 0], ['EVAL', 'return {err = "FOO bar"}', 0],
    ['EVAL', 'return {true, false, "t", {1, {"x"}}}', 0], ['EVAL', 'return nil', 0], ['EVAL', 'return -2.5', 0], ['EVAL', 'return {}', 0],
    ['EVAL', 'return 12345678901234567', 0], ['EVAL', 'return {KEYS[1], ARGV[1], #KEYS, #ARGV, KEYS[2]}', 1, 'k', 'a', 'b'],
    ['EVAL', 'local r = {} for _, n in ipairs({3, 3.5, 1e20, 0.1, 2^53, 123456789012345678, 1/0}) do redis.call("SET", "n", n) r[#r + 1] = redis.call("GET", "n") end return r', 0],
    ['EVAL', 'return redis.call("GET", "none") == false', 0], ['EVAL', 'return redis.call("SET", "a", "b")', 0], ['EVAL', 'return redis.call("SET", "a", "b").ok', 0],
    ['EVAL', 'return redis.call("HGETALL", "none")', 0], ['EVAL', 'redis.call("HSET", "h", "x", "1", "y", "2") return redis.call("HMGET", "h", "x", "z", "y")', 0],
    ['EVAL', 'return redis.call("HSET", "h", unpack({"p", "1", "q", "2"}))', 0], ['EVAL', 'return {tostring(7), tostring(2.5), tostring(10 / 2), tonumber("0x10"), tonumber("x") == nil}', 0],
    ['EVAL', 'return string.format("%.0f %d %s", 2^53, 42, "x")', 0], ['EVAL', 'return #redis.call("TIME")', 0],
    ['EVAL', 'return redis.sha1hex("")', 0], ['EVAL', 'redis.call("SELECT", 1) redis.call("SET", "there", "1") return 1', 0], ['EXISTS', 'there'],
    ['EVAL', 'local s = 0 for k, v in pairs({a = 1, b = 2}) do s = s + v end return s', 0], ['EVAL', 'return ("a:b"):match("^(%w+):")', 0],
  ],
  'scripts: errors': [
    ['SET', 's', '1'], ['EVAL', 'return redis.call("HGET", "s", "x")', 0], ['EVAL', 'return redis.pcall("HGET", "s", "x").err', 0], ['EVAL', 'return redis.pcall("HGET", "s", "x")', 0],
    ['EVAL', 'error("boom")', 0], ['EVAL', 'error({err = "MY error"})', 0], ['EVAL', 'return redis.error_reply("MOVED")', 0], ['EVAL', 'return redis.error_reply("MOVED 5:7")', 0],
    ['EVAL', 'return redis.status_reply("HI")', 0], ['EVAL', 'return x', 0], ['EVAL', 'x = 1', 0], ['EVAL', 'return redis.call("NOPE")', 0], ['EVAL', 'return redis.call()', 0],
    ['EVAL', 'return redis.call("GET", {})', 0], ['EVAL', 'return redis.call("GET")', 0], ['EVAL', 'return redis.call("MULTI")', 0], ['EVAL', 'return redis.call("SHUTDOWN")', 0],
    ['EVAL', 'redis.call("SET", "before", "1") error("after")', 0], ['GET', 'before'], ['EVAL', 'local t = {} for i = 1, 9000 do t[i] = i end return redis.call("DEL", unpack(t))', 0],
    ['EVAL', 'return type(os.execute)', 0], ['EVAL', 'return 1', 2, 'a'], ['EVAL', 'return 1', 'x'], ['EVAL', 'return 1', -1], ['EVALSHA', 'abc', 0],
    ['EVAL', 'local ok, e = pcall(redis.call, "HGET", "s", "x") return {ok, type(e)}', 0], ['EVAL', 'return 5', 0], ['EVALSHA', createHash('sha1').update('return 5').digest('hex'), 0],
    ['SCRIPT', 'LOAD', 'return 6'], ['SCRIPT', 'EXISTS', createHash('sha1').update('return 6').digest('hex'), 'abc'], ['SCRIPT', 'FLUSH'],
    ['EVALSHA', createHash('sha1').update('return 6').digest('hex'), 0], ['EVAL', 'return (', 0],
  ],
}

async function converse(server: TestRedis, lines: readonly Line[]): Promise<readonly string[]> {
  const client = new Redis(server.url)
  await client.flushall()
  const answers: string[] = []
  for (const [name = '', ...args] of lines) {
    const answer = await client.call(String(name), ...args).catch((error: Error) => ({ error: plain(error.message) }))
    answers.push(`${[name, ...args].join(' ')} → ${JSON.stringify(answer)}`)
  }
  client.disconnect()
  return answers
}

/** Lua 5.1 and 5.4 word syntax errors differently, and only Redis names the line where a script failed. */
function plain(message: string): string {
  return message.replace(/@user_script(:\d+)?\./, '@user_script').replace(/(compiling script).*/, '$1').replace('-EXECABORT', 'EXECABORT')
}

describe('the stand-in for the cache', () => {
  let standIn: TestRedis
  let redis: TestRedis | undefined
  const canCompare = can('redis')
  beforeAll(async () => {
    standIn = await startStandIn()
    redis = canCompare ? await startRedis() : undefined
  })
  afterAll(async () => {
    await Promise.all([standIn.stop(), redis?.stop()])
  })

  test.runIf(canCompare).each(Object.keys(CONVERSATIONS))('answers as Redis does: %s', async name => {
    const lines = CONVERSATIONS[name] ?? []
    expect(await converse(standIn, lines)).toEqual(await converse(redis as TestRedis, lines))
  })

  test('says in INFO that it is a stand-in', async () => {
    const client = new Redis(standIn.url)
    expect(await client.info()).toMatch(/stand_in:a small stand-in for Redis/)
    client.disconnect()
  })

  test('keeps bytes that are no UTF-8, through scripts too', async () => {
    const client = new Redis(standIn.url)
    const bytes = Buffer.from(Array.from({ length: 256 }, (_, i) => i))
    await client.eval('redis.call("SET", KEYS[1], ARGV[1])', 1, 'bytes', bytes)
    expect(await client.getBuffer('bytes')).toEqual(bytes)
    client.disconnect()
  })

  test('runs a script to its end before anything else', async () => {
    const clients = [new Redis(standIn.url), new Redis(standIn.url)]
    await clients[0]?.set('n', '0')
    const script = 'local n = tonumber(redis.call("GET", "n")) for i = 1, 100 do redis.call("SET", "n", n + 1) end return n'
    await Promise.all(clients.flatMap(client => Array.from({ length: 200 }, () => client.eval(script, 0))))
    expect(await clients[0]?.get('n')).toBe('400')
    for (const client of clients) client.disconnect()
  })

  test('speaks RESP3 after HELLO 3, and takes lines typed by hand', async () => {
    const answer = await raw(standIn.port, 'HELLO 3\r\nHSET h a 1\r\nHGETALL h\r\nGET none\r\nQUIT\r\n')
    expect(answer).toMatch(/^%7\r\n\$6\r\nserver\r\n/)
    expect(answer).toContain('%1\r\n$1\r\na\r\n$1\r\n1\r\n_\r\n+OK\r\n')
  })

  test('ends a connection that sends no RESP, and goes on', async () => {
    expect(await raw(standIn.port, '*1\r\n!3\r\n')).toMatch(/^-ERR Protocol error/)
    expect(await raw(standIn.port, '*99999999999\r\n')).toMatch(/^-ERR Protocol error/)
    expect(await raw(standIn.port, 'PING\r\nQUIT\r\n')).toBe('+PONG\r\n+OK\r\n')
  })

  test('ends a script that does not end, and goes on', { timeout: 20_000 }, async () => {
    const client = new Redis(standIn.url)
    await expect(client.eval('while true do end', 0)).rejects.toThrow('longer than 5000 ms')
    expect(await client.ping()).toBe('PONG')
    client.disconnect()
  })

  test('takes commands that come in pieces, and large ones', async () => {
    const client = new Redis(standIn.url)
    const large = 'x'.repeat(5_000_000)
    await client.set('large', large)
    expect(await client.strlen('large')).toBe(large.length)
    const fields = Array.from({ length: 20_000 }, (_, i) => [`minute:${i}`, '1']).flat()
    expect(await client.hset('many', ...fields)).toBe(20_000)
    client.disconnect()
  })
})

/** Sends text as it is, a byte at a time, and returns everything that comes until the server closes. */
async function raw(port: number, text: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = createConnection({ host: '127.0.0.1', port, noDelay: true })
    let answer = ''
    socket.on('data', data => (answer += data.toString('latin1')))
    socket.once('close', () => resolve(answer))
    socket.once('error', reject)
    for (const byte of text) socket.write(byte)
  })
}
