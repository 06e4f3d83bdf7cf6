import { randomUUID } from 'node:crypto'
import { Code } from '@connectrpc/connect'
import { Redis } from 'ioredis'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import type { Cache } from '../../src/counters/connect.ts'
import { rebuild } from '../../src/counters/rebuild.ts'
import { connectClient } from '../../src/ledger/connect.ts'
import { migrate } from '../../src/ledger/migrate.ts'
import { Pool } from '../../src/ledger/pool.ts'
import { fold } from '../../src/ledger/positions.ts'
import { recordBatch } from '../../src/ledger/record.ts'
import { readCounts } from '../../src/ledger/snapshot.ts'
import type { Client } from '../../src/postgres/pg-types.ts'
import { connectCache, silent } from '../counters/caches.ts'
import { atDepth, firstOrAll, thoroughly } from '../support/depth.ts'
import { testDatabase, type TestDatabase } from '../support/postgres.ts'
import { startCache, type TestRedis } from '../support/redis.ts'
import { runCli, startCli, STARTED, WHOLE_TEST_MS, type CliResult } from './run-cli.ts'
import { startScriptedServer } from './scripted-server.ts'

vi.setConfig({ testTimeout: WHOLE_TEST_MS })

const LANES = 3
const HASH = 'ping:counters'
/** A claim of another rebuild expires after this time. */
const CLAIM_VOID_AFTER_MS = 5_000

let database: TestDatabase
let redis: TestRedis
let ledger: Client
let cache: Redis
let scripted: Cache

async function record(lane: number, times: readonly number[]): Promise<void> {
  const pings = times.map(time => ({ id: randomUUID(), timestampMs: BigInt(time) }))
  await recordBatch(
    ledger,
    [lane],
    pings.toSorted((a, b) => (a.id < b.id ? -1 : 1)),
  )
}

/** Marks all rows as published, as the relay does. */
async function publishAll(): Promise<void> {
  await ledger.query(`update ping_lanes l set published_seq = h.seq, published_tag = h.tag
    from (select distinct on (lane) lane, seq, tag from pings order by lane, seq desc) h where h.lane = l.lane`)
}

/** By the cache's clock. */
async function cacheTimeMs(): Promise<number> {
  const [seconds, micros] = await cache.time()
  return Number(seconds) * 1_000 + Math.floor(Number(micros) / 1_000)
}

const settings = (): Record<string, string> => ({ DATABASE_URL: database.url, REDIS_URL: redis.url, PING_ADDRESS: 'http://127.0.0.1:1' })
/** What `pingcli rebuild` does, without the start of a process. */
async function fill(): Promise<void> {
  const pool = new Pool(database.config, { applicationName: 'test', max: 1, log: silent })
  expect(await rebuild(scripted, window => readCounts(pool, window), 10_080)).toBe('rebuilt')
  await pool.end()
}
const cli = (...args: string[]): Promise<CliResult> => runCli(args, settings())

describe('pingcli on a ledger of seven pings in three lanes', () => {
  beforeAll(async () => {
    redis = await startCache()
    cache = new Redis(redis.url)
    scripted = await connectCache(redis.url)
  })
  afterAll(async () => {
    for (const each of [cache, scripted]) each.disconnect()
    await redis.stop()
  })
  beforeEach(async () => {
    await cache.flushall()
    database = await testDatabase()
    await migrate(database.config, { lanes: LANES, log: silent })
    ledger = await connectClient(database.config, 'test')
    await record(0, [0, 1, 60_000])
    await fold(ledger, 0, 2)
    await record(0, [-1, -62_135_596_800_000])
    await record(2, [253_402_300_799_999, 61_000])
    await publishAll()
  })
  afterEach(async () => {
    await ledger.end()
    await database.drop()
  })

  test('rebuild fills an empty cache, and then verify says OK', async () => {
    const rebuilt = await cli('rebuild', '--json')
    expect(rebuilt).toMatchObject({ code: 0, stderr: '' })
    // The newest ping is beyond the minutes that the cache covers.
    expect(JSON.parse(rebuilt.stdout)).toMatchObject({ total: 7, lanes: LANES, minutes: 4 })
    expect(await cache.hget(HASH, 'total')).toBe('7')
    expect(await cache.hget(HASH, 'minute:1')).toBe('2')
    expect(await cache.hexists(HASH, 'claim')).toBe(0)

    const { code, stdout, stderr } = await cli('verify')
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(stdout).toContain('lane  head  rows  published  applied  lag\n   0     5     5          5        5    0\n')
    expect(stdout).toContain('total:   sum of heads 7 · COUNT(*) 7 · cache 7\n')
    expect(stdout).toContain('server:  no answer: ')
    expect(stdout).toMatch(/\nOK\n$/)
  })

  // At both depths "rebuild fills an empty cache"; counters/rebuild has the limit of minutes.
  thoroughly(test)('rebuild replaces wrong fields, and keeps no more minutes than MAX_MINUTES', async () => {
    await record(
      1,
      Array.from({ length: 80 }, (_, minute) => minute * 60_000),
    )
    await publishAll()
    await cache.hset(HASH, { total: '99', 'minute:5': '99', stray: 'x' })
    await runCli(['rebuild'], { ...settings(), MAX_MINUTES: '60' })
    const fields = Object.keys(await cache.hgetall(HASH))
    expect(fields.filter(field => field.startsWith('minute:'))).toHaveLength(60)
    expect(fields).not.toContain('stray')
    expect(await cli('verify')).toMatchObject({ code: 0 })
  })

  test('rebuild waits for another rebuild, and takes over when that one has died', async () => {
    const claimMs = (await cacheTimeMs()) - CLAIM_VOID_AFTER_MS + 1_500
    await cache.hset(HASH, 'claim', `${randomUUID()}:${claimMs}`)
    expect(await cli('rebuild', '--timeout', '50s')).toMatchObject({ code: 0 })
    expect((await cacheTimeMs()) - claimMs).toBeGreaterThanOrEqual(CLAIM_VOID_AFTER_MS)
    expect(await cache.hget(HASH, 'total')).toBe('7')
  })

  test('rebuild fails if another rebuild is still running at the end of --timeout', async () => {
    const token = randomUUID()
    // Renewed as the other rebuild does it, and for as long ahead as a claim may be.
    const renew = async () => cache.hset(HASH, 'claim', `${token}:${(await cacheTimeMs()) + CLAIM_VOID_AFTER_MS - 1_000}`)
    let renewed = renew()
    await renewed
    const renewing = setInterval(() => (renewed = renewed.then(renew)), 100)
    const { code, stderr } = await cli('rebuild', '--timeout', '1s').finally(() => clearInterval(renewing))
    await renewed
    expect({ code, stderr }).toEqual({ code: 1, stderr: 'error: not rebuilt: another rebuild was running until --timeout\n' })
  })

  const spoiled: readonly [string, () => Promise<unknown>, string | RegExp][] = [
    ['an empty cache', () => cache.flushall(), `the cache cannot be read: ${HASH} does not exist`],
    ['a claimed cache', () => cache.hset(HASH, 'claim', 'x:0'), `the cache cannot be read: ${HASH} is claimed: `],
    ['a lane that is not in the cache', () => cache.hdel(HASH, 'applied:1'), `the cache cannot be read: ${HASH} lacks fields`],
    ['a total', () => cache.hincrby(HASH, 'total', 1), 'total: the cache has 8, the sum of its lanes is 7 (1 too many)'],
    ['a minute', () => cache.hincrby(HASH, 'minute:1', -1), 'minute 1 (1970-01-01T00:01Z): the cache has 1, Postgres has 2 rows'],
    ['a ping that the cache lacks', () => record(1, [5]), 'lane 1: applied up to 0, 1 behind its head 1'],
    [
      'a row that was deleted',
      () => ledger.query('delete from pings where lane = 0 and seq = 2'),
      'lane 0: its head is 5, but it has 4 rows',
    ],
    ['a rollup', () => ledger.query('update ping_minutes set count = count + 1'), /minute \S+ .*: the rollup has/],
    [
      'a position',
      () => ledger.query('update ping_lanes set published_seq = 1 where lane = 2'),
      'lane 2: published up to 1, 1 behind its head 2 (is Kafka down? --no-topic skips the published positions)',
    ],
  ]
  const ofEachPart = ['an empty cache', 'a minute', 'a row that was deleted', 'a rollup', 'a position']
  test.each(atDepth({ normally: spoiled.filter(([what]) => ofEachPart.includes(what)), thoroughly: spoiled }))(
    'verify reports the difference in %s and ends with exit code 1',
    async (_, spoil, message) => {
      await fill()
      await spoil()
      const { code, stdout } = await cli('verify', '--wait', '0s', '--json')
      const { ok, differences } = JSON.parse(stdout)
      expect({ code, ok }).toEqual({ code: 1, ok: false })
      expect(differences[0]).toMatch(message)
    },
  )

  test('verify waits until all parts have what is recorded', async () => {
    await fill()
    await record(1, [5])
    const run = startCli(['verify', '--wait', '50s', '--json'], settings())
    await untilConnected()
    await publishAll()
    await fill()
    expect(await run.result).toMatchObject({ code: 0 })
  })

  test("verify compares with the server's counts, cached and strong", async () => {
    await fill()
    const server = await startScriptedServer('connect')
    const { code, stdout } = await runCli(['verify', '--wait', '0s'], { ...settings(), PING_ADDRESS: server.address })
    await server.stop()
    expect(code).toBe(1)
    expect(stdout).toContain('PingCount 0 from the cache, 120 ms old · PingCount strong 0')
    expect(stdout).toContain('DIFFERENCE: total: PingCount (strong) says 0, Postgres has 7 rows (7 missing)')
  })

  test('verify --pings records pings, and reports those that the strong count lacks', async () => {
    await fill()
    const server = await startScriptedServer('connect', [], { forgets: 2 })
    const { code, stdout } = await runCli(['verify', '--pings', '5', '--wait', '0s', '--json'], {
      ...settings(),
      PING_ADDRESS: server.address,
    })
    await server.stop()
    expect(code).toBe(1)
    expect(server.pings).toHaveLength(5)
    expect(JSON.parse(stdout).differences[0]).toBe(
      'total: the strong count was 0, then 5 pings were acknowledged, and now it is 3, expected at least 5',
    )
  })

  test('verify --pings ends with exit code 3 if the server is unreachable, and does not go with --no-server', async () => {
    expect(await runCli(['verify', '--pings', '5', '--timeout', '1s'], settings())).toMatchObject({ code: 3, stdout: '' })
    const { code, stderr } = await cli('verify', '--pings', '5', '--no-server')
    expect(code).toBe(2)
    expect(stderr).toContain("option '--pings <count>' needs the server. Got --no-server with it")
  })

  test('verify ends with exit code 4 if the server refuses its token', async () => {
    const server = await startScriptedServer('connect', [{ code: Code.Unauthenticated }, { code: Code.Unauthenticated }])
    const { code, stderr } = await cli('verify', '--no-cache', '--no-topic', '--address', server.address)
    await server.stop()
    expect({ code, stderr }).toEqual({ code: 4, stderr: 'error: refused: unauthenticated: scripted Unauthenticated\n' })
  })

  // At both depths "verify ends with exit code 4" has --no-cache, and "verify --pings ends with exit code 3" --no-server.
  thoroughly(test)('verify skips the cache and the server on request', async () => {
    await cache.flushall()
    const { code, stdout } = await cli('verify', '--no-cache', '--no-server')
    expect(code).toBe(0)
    expect(stdout).toContain('cache:   skipped by --no-cache\nserver:  skipped by --no-server\n\nOK\n')
  })

  test('verify --no-topic says OK at once if nothing is published', async () => {
    await fill()
    await ledger.query('update ping_lanes set published_seq = 0, published_tag = 0')
    const { code, stdout } = await cli('verify', '--no-topic', '--wait', '1m')
    expect(code).toBe(0)
    expect(stdout).toContain('topic:   skipped by --no-topic\n')
    expect(stdout).toMatch(/\nOK\n$/)
  })

  test('an unreachable cache is a difference for verify, and ends rebuild with exit code 3', async () => {
    const nowhere = { ...settings(), REDIS_URL: 'redis://127.0.0.1:1' }
    const verified = await runCli(['verify', '--wait', '0s'], nowhere)
    expect(verified.code).toBe(1)
    expect(verified.stdout).toContain('DIFFERENCE: the cache cannot be read: the cache is unreachable: connect ECONNREFUSED 127.0.0.1:1')
    expect(await runCli(['rebuild'], nowhere)).toMatchObject({ code: 3 })
  })

  test.each(firstOrAll(['verify', 'rebuild']))(
    '%s ends with exit code 3 if Postgres is unreachable, and does not change the cache',
    async command => {
      await fill()
      const { code, stdout, stderr } = await runCli([command], { ...settings(), DATABASE_URL: 'postgres://postgres@127.0.0.1:1/ping' })
      expect({ code, stdout }).toEqual({ code: 3, stdout: '' })
      expect(stderr).toContain('Postgres cannot be read: connect ECONNREFUSED 127.0.0.1:1')
      expect(await cache.hget(HASH, 'total')).toBe('7')
    },
  )

  test("verify says so if the database does not contain Ping's tables", async () => {
    await ledger.query('drop table ping_lanes cascade')
    const { code, stderr } = await cli('verify')
    expect(code).toBe(1)
    expect(stderr).toContain("the database does not contain Ping's tables")
  })

  test('verify ends on SIGINT with exit code 130', async () => {
    const run = startCli(['verify', '--wait', '1m'], settings())
    await untilConnected()
    run.child.kill('SIGINT')
    expect(await run.result).toMatchObject({ code: 130, stdout: '', stderr: 'error: interrupted\n' })
  })

  // At both depths "verify ends on SIGINT".
  thoroughly(test)('a second signal ends verify at once, even while a query does not end', async () => {
    await fill()
    await ledger.query('begin')
    await ledger.query('lock table pings in access exclusive mode')
    const run = startCli(['verify', '--wait', '0s'], settings())
    await untilWaiting()
    let signals = 0
    const interrupt = () => void (signals++, run.child.kill('SIGINT'))
    interrupt()
    const interrupting = setInterval(interrupt, 600) // those within half a second count as one, however late they arrive
    const result = await run.result.finally(() => clearInterval(interrupting))
    expect(signals).toBeGreaterThan(1)
    expect(result).toEqual({ code: 130, stdout: '', stderr: '' })
    await ledger.query('rollback')
  })

  test('a wrong setting ends verify and rebuild with exit code 2', async () => {
    const { code, stderr } = await runCli(['verify'], { ...settings(), REDIS_URL: 'localhost' })
    expect(code).toBe(2)
    expect(stderr).toContain('REDIS_URL: got a URL without a scheme and :// (it is not shown: secret), expected redis://')
  })
})

/** Waits until a pingcli reads the database. */
async function untilConnected(): Promise<void> {
  const connected = "select count(*)::int as n from pg_stat_activity where application_name = 'pingcli' and datname = current_database()"
  await expect.poll(async () => (await ledger.query(connected)).rows[0].n, STARTED).toBe(1)
}

/** Waits until a query of a pingcli waits for a lock. Over another connection, since a transaction sees one state of the sessions only. */
async function untilWaiting(): Promise<void> {
  const waiting =
    "select count(*)::int as n from pg_stat_activity where application_name = 'pingcli' and wait_event_type = 'Lock' and datname = $1"
  const client = await connectClient(database.config, 'test')
  await expect.poll(async () => (await client.query(waiting, [database.config.database])).rows[0].n, STARTED).toBe(1)
  await client.end()
}
