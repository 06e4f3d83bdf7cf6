import { readFileSync } from 'node:fs'
import { Redis } from 'ioredis'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { Keyspace } from '../../../local/cache-stand-in/keyspace.ts'
import { serve, type StandIn } from '../../../local/cache-stand-in/serve.ts'
import { thoroughly } from '../../support/depth.ts'
import { freePort } from '../../support/free-port.ts'
import { request, RespClient } from './resp-client.ts'

const MIB = 1024 * 1024

describe('the cache stand-in keeps running', () => {
  let standIn: StandIn
  const log: string[] = []
  const clients: RespClient[] = []
  const connect = async () => {
    const client = await RespClient.connect(standIn.port)
    clients.push(client)
    return client
  }
  // One for each test, since it logs each kind of warning only once.
  beforeEach(async () => {
    log.length = 0
    standIn = await serve({ port: await freePort(), shutdown: () => undefined, log: line => log.push(line) })
  })
  afterEach(async () => {
    const other = await connect()
    expect(await other.ask('PING')).toBe('+PONG')
    for (const client of clients.splice(0)) client.end()
    await standIn.stop()
  })

  test.each(
    [
      ['*1\r\n!3\r\n', "expected '$', got '!'"],
      ['*99999999999\r\n', 'invalid multibulk length'],
      ['*x\r\n', 'invalid multibulk length'],
      ['*1\r\n$-1\r\n', 'invalid bulk length'],
      ['*1\r\n$1e3\r\n', 'invalid bulk length'],
      [`*1\r\n$${9 * MIB}\r\n`, 'invalid bulk length'],
      [`*4\r\n${`$${8 * MIB}\r\n${'x'.repeat(8 * MIB)}\r\n`.repeat(2)}$${8 * MIB}\r\n`, 'too big request: more than 25165824 bytes'],
      [`*${'1'.repeat(70_000)}`, 'too big mbulk count string'],
      [`*1\r\n$${'1'.repeat(70_000)}`, 'too big bulk count string'],
      ['x'.repeat(70_000), 'too big inline request'],
      ['GET "a\r\n', 'unbalanced quotes in request'],
      [`SET a 'b'c\r\n`, 'unbalanced quotes in request'],
    ].map(([sent = '', problem = '']) => [sent.slice(0, 20), problem, sent] as const),
  )('after %j, which it answers as Redis does before it disconnects (%s)', async (_, problem, sent) => {
    const client = await connect()
    client.send(sent)
    expect(await client.rest()).toBe(`-ERR Protocol error: ${problem}\r\n`)
  })

  test('with requests that arrive byte by byte, and with typed lines', async () => {
    const client = await connect()
    for (const byte of `*-1\r\n*0\r\n\r\n   \r\n${request(['SET', 'k', '1\r\n2'])}get "k"\r\nECHO 'it\\'s' \r\nECHO "\\x41\\n\\"b\\z"\nQUIT\r\nPING\r\n`)
      client.send(byte)
    expect(await client.rest()).toBe(`+OK\r\n$4\r\n1\r\n2\r\n$4\r\nit's\r\n$5\r\nA\n"bz\r\n+OK\r\n`)
  })

  test.each([
    ['POST / HTTP/1.1\r\nHost: localhost:6379\r\n\r\n', ''],
    ['GET / HTTP/1.1\r\nHost: x\r\n\r\n', ''],
    ['FLUSHALL / HTTP/1.1\r\n\r\n', ''],
    ['Host: x\r\n', ''],
    ['PING\r\npost x\r\n', '+PONG\r\n'],
    [request(['POST', 'x']), ''],
  ])('and disconnects a client that speaks HTTP (%j) without running the rest', async (sent, answered) => {
    const [client, other] = [await connect(), await connect()]
    await other.ask('SET', 'k', '1')
    client.send(`${sent}SET k 2\r\n${request(['SET', 'k', '3'])}`)
    expect(await client.rest()).toBe(answered)
    expect(await other.ask('GET', 'k')).toBe('$1')
  })

  test('and logs a client that speaks HTTP once a minute', async () => {
    for (const _ of [1, 2]) {
      const client = await connect()
      client.send('POST / HTTP/1.1\r\n')
      await client.rest()
    }
    expect(log.filter(line => line.includes('speaks HTTP'))).toHaveLength(1)
  })

  test('when its memory is full: it refuses writes until there is room, but no reads and deletions', async () => {
    const client = await connect()
    const value = 'x'.repeat(5 * MIB)
    for (let i = 0; i < 6; i++) expect(await client.ask('SET', `k${i}`, value)).toBe('+OK')
    const full = `-OOM command not allowed when used memory > 'maxmemory'.`
    expect(await client.ask('SET', 'k6', value)).toBe(full)
    expect(await client.ask('HSET', 'h', 'f', value)).toBe(full)
    await client.ask('MULTI')
    expect(await client.ask('SET', 'k6', value)).toBe(full)
    expect(await client.ask('EXEC')).toMatch(/^-EXECABORT/)
    expect(await client.ask('STRLEN', 'k0')).toBe(`:${value.length}`)
    expect(await client.ask('PEXPIREAT', 'k0', String(Date.now() + 5))).toBe(':1')
    await vi.waitUntil(async () => (await client.ask('EXISTS', 'k0')) === ':0', { timeout: 20_000 })
    expect(await client.ask('SET', 'k6', value)).toBe('+OK')
  })

  test('and its count of used memory returns to 0, whatever commands ran', async () => {
    const client = await connect()
    for (const line of [
      'SET a 1',
      'SET a 22',
      'APPEND a',
      'INCR a',
      'HSET h f 1 g 2',
      'HSET h f 333',
      'HINCRBY h g 100',
      'HDEL h f none',
      'SET h 1',
      'EXPIRE h 100',
      'PERSIST h',
      'HSET i f v',
      'HDEL i f',
      'SET b 1',
      'PEXPIRE b -1',
      'DEL a h',
    ]) {
      await client.ask(...line.split(' '))
    }
    expect(await client.ask('INFO', 'memory')).toContain('used_memory:0\r\n')
  })

  test.each([
    ['one value named many times', ['MGET', ...Array<string>(1_000).fill('big')]],
    ['one field named many times', ['HMGET', 'h', ...Array<string>(1_000).fill('f')]],
  ])('when a reply would be gigabytes (%s): it disconnects the client', async (_, args) => {
    const client = await connect()
    await client.ask('SET', 'big', 'x'.repeat(MIB))
    await client.ask('HSET', 'h', 'f', 'x'.repeat(MIB))
    expect(await client.ask(...args)).toBe('closed')
    expect(log.at(-1)).toMatch(/^disconnected 127\.0\.0\.1:\d+: its reply would exceed/)
  })

  test('when the reply of a transaction would be gigabytes: it runs the transaction and disconnects the client', async () => {
    const [client, other] = [await connect(), await connect()]
    await client.ask('SET', 'big', 'x'.repeat(MIB))
    client.send(request(['MULTI']) + request(['GET', 'big']).repeat(100) + request(['SET', 'done', '1']) + request(['EXEC']))
    await client.rest()
    expect(await other.ask('GET', 'done')).toBe('$1')
  })

  test('when a client sends more and more commands and reads nothing: it disconnects the client', async () => {
    const [client, other] = [await connect(), await connect()]
    await other.ask('SET', 'big', 'x'.repeat(MIB))
    client.socket.pause()
    const ask = request(['GET', 'big']) + request(['ECHO', 'x'.repeat(MIB)])
    for (let i = 0; i < 200; i++) client.send(ask)
    await vi.waitUntil(() => log.some(line => line.includes('bytes that wait')), { timeout: 20_000 })
    client.socket.resume()
    await client.rest()
  })

  test('and answers a pipeline of more than its buffers hold if the client reads', async () => {
    const client = await connect()
    await client.ask('SET', 'big', 'x'.repeat(5 * MIB))
    let received = 0
    client.socket.on('data', text => (received += text.length))
    client.send(request(['GET', 'big']).repeat(20) + request(['QUIT']))
    await client.rest()
    expect(received).toBe(20 * (5 * MIB + '$5242880\r\n\r\n'.length) + '+OK\r\n'.length)
  })

  test('when all clients together hold too much: it disconnects the one that holds the most', async () => {
    const half = request(['SET', 'k', 'x'.repeat(7 * MIB)]).slice(0, -4)
    const [first, ...others] = await Promise.all(Array.from({ length: 11 }, connect))
    first!.send(`*2\r\n$${5 * MIB}\r\n`)
    for (const client of others) client.send(half)
    const [next] = [await connect()]
    await vi.waitUntil(() => log.some(line => line.includes('all clients together')), { timeout: 20_000 })
    expect(others.filter(client => client.closed).length).toBeLessThanOrEqual(2)
    expect(first!.closed).toBe(false)
    expect(await next.ask('PING')).toBe('+PONG')
  })

  test('with an endless transaction: it refuses the transaction', async () => {
    const client = await connect()
    const command = request(['ECHO', 'x'.repeat(MIB)])
    client.send(request(['MULTI']) + command.repeat(30) + request(['EXEC']))
    const replies = []
    for (let i = 0; i < 32; i++) replies.push(await client.reply())
    expect(replies.filter(reply => reply === '+QUEUED').length).toBeLessThan(24)
    expect(replies.at(-1)).toMatch(/^-EXECABORT/)
  })

  // A length that is out of bounds is refused above, too.
  thoroughly(test)('with half a million empty arguments, and refuses a million', async () => {
    const [client, other] = [await connect(), await connect()]
    const count = 512 * 1024
    client.send(`*${count}\r\n$3\r\nDEL\r\n${'$0\r\n\r\n'.repeat(count - 1)}`)
    expect(await client.reply()).toBe(':0')
    client.send(`*${count}\r\n$4\r\nMGET\r\n${'$0\r\n\r\n'.repeat(count - 1)}${request(['QUIT'])}`)
    expect(await client.rest()).toHaveLength(`*${count - 1}\r\n`.length + (count - 1) * '$-1\r\n'.length + '+OK\r\n'.length)
    other.send(`*${2 * count}\r\n`)
    expect(await other.rest()).toBe('-ERR Protocol error: invalid multibulk length\r\n')
  })

  test('with patterns that are slow in other matchers, and refuses those that are slow here', async () => {
    const client = await connect()
    await client.ask('SET', 'a'.repeat(100), '1')
    expect(await client.ask('KEYS', `${'a*'.repeat(50)}b`)).toEqual(['*'])
    await client.ask('SET', 'a'.repeat(MIB), '1')
    const refusal = /^-ERR too much work for one command/
    expect(await client.ask('KEYS', `*${'a'.repeat(1_000)}b`)).toMatch(refusal)
    expect(await client.ask('SCAN', '0', 'MATCH', `*${'a'.repeat(1_000)}b`)).toMatch(refusal)
    await client.ask('HSET', 'h', 'a'.repeat(MIB), '1')
    expect(await client.ask('HSCAN', 'h', '0', 'MATCH', `*${'a'.repeat(1_000)}b`)).toMatch(refusal)
    expect(await client.ask('CONFIG', 'GET', `${'*?'.repeat(1_000)}b`)).toEqual(['*'])
  })

  test('when one EXEC would read everything thousands of times: it stops at its limit of work', async () => {
    const client = await connect()
    await client.ask('HSET', 'h', ...Array.from({ length: 10_000 }, (_, i) => [`f${i}`, '1']).flat())
    client.send(request(['MULTI']) + request(['HSCAN', 'h', '0', 'MATCH', 'x']).repeat(1_000) + request(['EXEC']))
    for (let i = 0; i <= 1_000; i++) await client.reply()
    expect((await client.reply()).at(-1)).toMatch(/^-ERR too much work/)
  })

  test("and runs only Ping's scripts, and says so", async () => {
    const client = await connect()
    for (const args of [
      ['EVAL', 'while true do end', '0'],
      ['SCRIPT', 'LOAD', 'redis.call = nil'],
    ]) {
      expect(await client.ask(...args)).toMatch(
        /^-ERR this is ping-cache-stand-in, which runs only Ping's scripts \(claim, flush, replace\), and got another one, with the SHA-1 [0-9a-f]{40}\. A real Redis runs every script: /,
      )
    }
    const claim = readFileSync(new URL('../../../src/counters/scripts/claim.lua', import.meta.url), 'latin1')
    const sha1 = String(await client.ask('SCRIPT', 'LOAD', claim)).slice(1)
    expect(await client.ask('EVALSHA', sha1.toUpperCase(), '1', 'k', 'me', '5', '5000', 'claim')).toBe('$OK')
    expect(await client.ask('HGETALL', 'k')).toEqual(['*', '$claim', '$me:5'])
    await client.ask('SCRIPT', 'FLUSH')
    expect(await client.ask('EVALSHA', sha1, '1', 'k')).toMatch(/^-NOSCRIPT/)
  })

  test('when a command fails unexpectedly: its client gets an error and is disconnected', async () => {
    const failing = vi.spyOn(Keyspace.prototype, 'string').mockImplementation(() => {
      throw new RangeError('a bug')
    })
    const client = await connect()
    client.send(request(['GET', 'k']) + request(['PING']))
    expect(await client.rest()).toBe('-ERR internal error of the stand-in; see its output\r\n')
    failing.mockRestore()
    expect(log.at(-1)).toMatch(/^a command of 127\.0\.0\.1:\d+ failed: RangeError: a bug\n/)
  })

  test('with the maximum number of clients, and refuses one more with an error', { timeout: 90_000 }, async () => {
    const many = await Promise.all(Array.from({ length: 1_010 }, connect))
    const refused: string[] = []
    for (const client of many) void client.rest().then(text => text !== '' && refused.push(text)) // '': not before this test ends it
    await vi.waitUntil(() => refused.length >= 10, { timeout: 20_000 })
    expect(new Set(refused)).toEqual(new Set(['-ERR max number of clients reached\r\n']))
    for (const client of many) client.end()
    await vi.waitUntil(async () => (await (await connect()).ask('PING')) === '+PONG', { timeout: 20_000 })
  })

  test('for ioredis in both protocols, which learns that it is not a Redis of any version', async () => {
    for (const protocol of [2, 3] as const) {
      const client = new Redis({ host: '127.0.0.1', port: standIn.port, protocol })
      expect(await client.info()).toMatch(/redis_version:0\.0\.0\r\n[^]*stand_in:a small in-memory stand-in for Redis/)
      expect(await client.multi().set('k', '1').get('k').exec()).toEqual([
        [null, 'OK'],
        [null, '1'],
      ])
      client.disconnect()
    }
  })
})
