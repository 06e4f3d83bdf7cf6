import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { HASH } from '../../src/counters/names.ts'
import { migrate } from '../../src/ledger/migrate.ts'
import { wait } from '../../src/runtime/wait.ts'
import { silent } from '../counters/caches.ts'
import { atDepth } from '../support/depth.ts'
import { testDatabase, type TestDatabase } from '../support/postgres.ts'
import { keepLogsOnFailure, until, type Program } from '../support/programs.ts'
import { startCache, usualCache, type TestRedis } from '../support/redis.ts'
import { LANES, processorFixture, type ProcessorFixture } from './processor-fixture.ts'

/** The promise is 3 s. A machine that is busy or stops gets ten times as much. */
const HEALED_WITHIN_MS = 30_000
/** Together they last longer than a count from the cache is fresh. */
const [LOOKS, LOOK_EVERY_MS] = [25, 100]

describe('without any traffic, the cache is correct again within seconds', { timeout: 120_000 }, () => {
  let redis: TestRedis
  let database: TestDatabase
  let at: ProcessorFixture
  let processor: Program
  keepLogsOnFailure()
  beforeAll(async () => {
    redis = await startCache()
    database = await testDatabase()
    at = await processorFixture(database, redis.url)
    await at.record(0, [0, 1, 60_000, -1])
    await at.record(2, [60_001, Date.now(), 253_402_300_799_999])
    processor = await at.start({ AUDIT_INTERVAL_MS: '300' })
  })
  afterAll(async () => {
    await at.close()
    await database.drop()
    await redis.stop()
  })
  beforeEach(() => at.untilTrue())

  const spoil: Readonly<Record<string, () => Promise<unknown>>> = {
    'after FLUSHALL': () => at.cache.flushall(),
    'after the hash was deleted': () => at.cache.del(HASH),
    ...Object.fromEntries(
      ['total', 'minutes-from', 'minutes-to', 'applied:0', 'applied:1', 'asof:2', 'minute:1'].map(field => [
        `after ${field} was deleted`,
        () => at.cache.hdel(HASH, field),
      ]),
    ),
    'after its total became malformed': () => at.cache.hset(HASH, 'total', 'many'),
    'after its total became another than the sum of what is applied': () => at.cache.hset(HASH, 'total', '8'),
    'after a position became malformed': () => at.cache.hset(HASH, 'applied:0', 'here'),
    'after a position became one that no database can have': () => at.cache.hset(HASH, 'applied:0', '9999999999999999999:1'),
    'after a position became one of another history': () => at.cache.hset(HASH, 'applied:0', '4:1'),
    'after a minute became malformed': () => at.cache.hset(HASH, 'minute:1', 'two'),
    'after a minute became wrong': () => at.cache.hset(HASH, 'minute:1', '7'),
    'after a minute without pings was added': () => at.cache.hset(HASH, 'minute:77', '1'),
    'after its key became a string': async () => {
      await at.cache.del(HASH)
      await at.cache.set(HASH, 'a string')
    },
    // The stand-in has no lists.
    ...(usualCache() === 'Redis' && {
      'after its key became a list': async () => {
        await at.cache.del(HASH)
        await at.cache.lpush(HASH, 'a', 'list')
      },
    }),
    'after a claim was written into it': () => at.cache.hset(HASH, 'claim', 'x:1'),
    'after a malformed claim was written into it': () => at.cache.hset(HASH, 'claim', ''),
    'after a claim of tomorrow was written into it': () => at.cache.hset(HASH, 'claim', `x:${Date.now() + 86_400_000}`),
    'after a position and the total were forged consistently': async () => {
      const [seq, tag] = ((await at.cache.hget(HASH, 'applied:0')) ?? '').split(':')
      await at.cache.hset(HASH, {
        'applied:0': `${Number(seq) + 500}:${tag}`,
        total: String(Number(await at.cache.hget(HASH, 'total')) + 500),
      })
    },
    'after fields that Ping does not write were added': () => at.cache.hset(HASH, { spam: '1', 'minute:x': '2', 'applied:99': '0:0' }),
    'after a processor claimed it and died': async () => {
      const nowMs = Date.now()
      await at.cache.del(HASH)
      await at.cache.hset(HASH, 'claim', `dead:${nowMs - 4_500}`)
    },
  }
  const ofEachKind = [
    'after FLUSHALL',
    'after applied:0 was deleted',
    'after its total became malformed',
    'after a position became one of another history',
    'after a minute became wrong',
    'after its key became a string',
    'after a claim was written into it',
    'after a position and the total were forged consistently',
    'after fields that Ping does not write were added',
    'after a processor claimed it and died',
  ]
  test.each(atDepth({ normally: ofEachKind, thoroughly: Object.keys(spoil) }))('%s', async how => {
    await spoil[how]!()
    await at.untilTrue(HEALED_WITHIN_MS)
  })

  test('after an old snapshot of it was restored', async () => {
    const old = await at.hash()
    await at.record(0, [5, 6])
    await at.record(3, [7])
    await at.untilTrue()
    processor.freeze() // otherwise it may have healed it before the next look
    await at.cache.multi().del(HASH).hset(HASH, old).exec()
    expect(await at.isTrue()).toBe(false)
    processor.wake()
    await at.untilTrue(HEALED_WITHIN_MS)
  })

  test('when minutes-to will soon be in the past', async () => {
    const now = Math.floor(Date.now() / 60_000)
    await at.cache.hset(HASH, 'minutes-to', String(now + 24 * 60 - 2))
    await until('minutes-to is two days ahead', async () => Number((await at.hash())['minutes-to']) >= now + 2 * 24 * 60, HEALED_WITHIN_MS)
  })

  test('after an asof is far ahead, as when the clock was set back', async () => {
    await at.cache.hset(HASH, 'asof:1', String(Date.now() + 60_000))
    await until('asof is not ahead', async () => Number((await at.hash())['asof:1'] ?? Infinity) <= Date.now() + 100, HEALED_WITHIN_MS)
  })

  test('and the asof of every lane stays fresh, so that reads stay in the cache', async () => {
    const isFresh = async () => {
      const [seconds, micros] = await at.cache.time()
      const nowMs = Number(seconds) * 1_000 + Number(micros) / 1_000
      const hash = await at.hash()
      return Array.from({ length: LANES }, (_, lane) => nowMs - Number(hash[`asof:${lane}`])).every(age => age < 2_000)
    }
    // A machine that stops in between is no reason to fail, but it must be fresh all the time otherwise.
    let inARow = 0
    await until('many looks in a row find every lane fresh', async () => {
      inARow = (await isFresh()) ? inARow + 1 : 0
      await wait(LOOK_EVERY_MS)
      return inARow >= LOOKS
    })
  })

  test('and an audit counts the differences that it found', async () => {
    const before = await processor.metric('ping_processor_audit_differences_total')
    await at.cache.hset(HASH, 'minute:1', '99')
    await at.untilTrue()
    await until('the audit is counted', async () => (await processor.metric('ping_processor_audit_differences_total')) > before)
    expect(processor.log().join('\n')).toContain('minute 1: got 99, expected 2')
  })

  test('after the ledger lost rows: they are not counted any more', async () => {
    await at.ledger.query('delete from pings where lane = 3')
    await at.untilTrue(HEALED_WITHIN_MS)
    await at.record(3, [1])
    await at.untilTrue(HEALED_WITHIN_MS)
  })

  test('after lanes were added while it runs', async () => {
    await migrate(database.config, { lanes: LANES + 2, log: silent })
    const events = await at.record(LANES + 1, [1, 2, 3])
    await at.publish(events)
    await at.untilTrue(HEALED_WITHIN_MS)
    expect((await at.hash())[`applied:${LANES}`]).toBe('0:0')
    await at.publish(await at.record(LANES + 1, [4]))
    await at.untilTrue(HEALED_WITHIN_MS)
  })
})
