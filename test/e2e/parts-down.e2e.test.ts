import { v7 } from 'uuid'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { PingCaller } from '../support/call-ping.ts'
import { i4Cache, i6Topic } from '../support/checker.ts'
import { readTotal } from '../support/count-watch.ts'
import { startKafka, uniqueName, type TestKafka } from '../support/kafka.ts'
import { startPostgres, type TestPostgres } from '../support/postgres.ts'
import { keepLogsOnFailure, startProcessor, startServer, until, type PingPlace, type Program } from '../support/programs.ts'
import { startCache, type TestRedis } from '../support/redis.ts'

const LIMIT_MS = 20_000
/** ANSWER_WITHIN_MS is also the time that a caller may have to wait for its answer, in a short queue. */
const SETTINGS = { MAX_QUEUE_LENGTH: '40', ANSWER_WITHIN_MS: '3000' }

keepLogsOnFailure()

describe('with parts down', () => {
  const caller = new PingCaller()
  let postgres: TestPostgres
  let kafka: TestKafka
  let redis: TestRedis
  let place: PingPlace
  let server: Program
  let processor: Program
  let acked = 0

  beforeAll(async () => {
    const parts = await Promise.all([startPostgres(), startKafka(), startCache()])
    ;[postgres, kafka, redis] = parts
    const { url: databaseUrl } = await postgres.createDatabase('ping')
    place = { databaseUrl, brokers: kafka.brokers, redisUrl: redis.url, topic: uniqueName('down') }
    await Promise.all(parts.map(part => part.kill9()))
    ;[server, processor] = await Promise.all([startServer(place, SETTINGS), startProcessor(place)])
  })
  afterAll(async () => {
    await Promise.all([server.stop(), processor.stop()])
    await Promise.all([postgres.stop(), kafka.stop(), redis.stop()])
    caller.close()
  })

  const page = async (program: Program, path: string) => {
    const response = await fetch(`${program.url}${path}`)
    return [response.status, await response.text()]
  }
  const send = (pingId = v7()) => caller.call(server.url, 'Ping', { pingId }, LIMIT_MS)
  const ping = async (times: number) => {
    for (let number = 0; number < times; number++) {
      expect(await send()).toMatchObject({ status: 200 })
      acked++
    }
  }
  const total = (strong = false) => readTotal(caller, server, strong)
  const isFresh = async () => {
    const sample = await total()
    return sample?.source === 'cache' && sample.ageMs <= 2_000
  }

  describe('started while all of them are down', () => {
    test('server and processor run, are not ready, and report the reason', async () => {
      await until('the server listens', async () => (await page(server, '/livez').catch(() => [0]))[0] === 200, LIMIT_MS)
      await until('the processor listens', async () => (await page(processor, '/livez').catch(() => [0]))[0] === 200, LIMIT_MS)
      expect(await page(server, '/readyz')).toEqual([503, 'not ready: waiting for Postgres\n'])
      expect((await page(processor, '/readyz'))[0]).toBe(503)
      expect(await send()).toMatchObject({ status: 503, json: { code: 'unavailable', message: expect.stringContaining('Postgres') } })
      expect(await total()).toBeUndefined()
      expect(server.log().join()).toMatch(/set up the database: failed, trying again/)
    })

    test('once Postgres is up, pings are recorded, and the count is right without Kafka and the cache', { timeout: 60_000 }, async () => {
      await postgres.restart()
      await server.untilReady()
      await ping(20)
      expect(await total()).toMatchObject({ count: acked, source: 'database' })
      expect(await total(true)).toMatchObject({ count: acked, source: 'database' })
    })

    test('once the cache is up too, it is filled and serves counts, without Kafka', { timeout: 60_000 }, async () => {
      await redis.restart()
      await until('fresh counts from the cache', isFresh, LIMIT_MS)
      await processor.untilReady()
      await ping(20)
      expect((await i4Cache(place.databaseUrl, place.redisUrl, LIMIT_MS)).violations).toEqual([])
    })

    test('once Kafka is up, everything is published', { timeout: 90_000 }, async () => {
      await kafka.restart()
      await ping(20)
      expect(await i6Topic(place.databaseUrl, place.brokers, place.topic, 2 * LIMIT_MS)).toEqual([])
      expect(await total(true)).toMatchObject({ count: acked })
    })
  })

  test(
    'while Kafka and the cache are both down, pings are recorded and the count is right, and all of it recovers',
    { timeout: 90_000 },
    async () => {
      await Promise.all([kafka.kill9(), redis.kill9()])
      await ping(50)
      expect(await total()).toMatchObject({ count: acked, source: 'database' })
      expect((await page(server, '/readyz'))[0]).toBe(200)
      await Promise.all([kafka.restart(), redis.restart()])
      await ping(10)
      expect((await i4Cache(place.databaseUrl, place.redisUrl, LIMIT_MS)).violations).toEqual([])
      expect(await i6Topic(place.databaseUrl, place.brokers, place.topic, 2 * LIMIT_MS)).toEqual([])
      expect(await total()).toMatchObject({ count: acked })
    },
  )

  test(
    'while Postgres is down, callers get retryable errors, counts carry their age and strong counts fail; all of it recovers',
    { timeout: 90_000 },
    async () => {
      await until('fresh counts from the cache', isFresh, LIMIT_MS)
      await postgres.kill9()
      const ids = Array.from({ length: 80 }, () => v7())
      const answers = await Promise.all(ids.map(id => send(id)))
      const coded = (code: string) => answers.filter(answer => answer.kind === 'answer' && answer.json.code === code)
      expect(coded('unavailable').length).toBeGreaterThan(0)
      expect(coded('resource_exhausted').length).toBeGreaterThan(0)
      expect(coded('unavailable').length + coded('resource_exhausted').length).toBe(ids.length)
      for (const answer of coded('resource_exhausted')) expect(answer).toMatchObject({ status: 429, headers: { 'retry-after': '1' } })
      await until('the count is older than 2 s', async () => ((await total())?.ageMs ?? 0) > 2_000, LIMIT_MS)
      const aged = await total()
      expect(aged).toMatchObject({ count: acked })
      expect(aged!.ageMs).toBeGreaterThan(2_000)
      expect(await total(true)).toBeUndefined()
      await until('the metric reports that Postgres is down', async () => (await server.metric('ping_postgres_up')) === 0, LIMIT_MS)
      expect(await page(server, '/readyz')).toEqual([200, 'ready\n'])
      await postgres.restart()
      const isAcked = async (id: string) => {
        const answer = await send(id)
        return answer.kind === 'answer' && answer.status === 200
      }
      const healedMs = await until('a retry is acknowledged', () => isAcked(ids[0]!), LIMIT_MS)
      for (const id of ids) await until('every retry is acknowledged', () => isAcked(id), LIMIT_MS)
      acked += ids.length
      expect(await total(true)).toMatchObject({ count: acked })
      expect((await i4Cache(place.databaseUrl, place.redisUrl, LIMIT_MS)).violations).toEqual([])
      process.stdout.write(`Postgres back: first ack after ${Math.round(healedMs)} ms\n`)
    },
  )
})
