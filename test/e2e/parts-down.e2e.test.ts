import { v7 } from 'uuid'
import { afterAll, beforeAll, describe, expect, onTestFailed, test } from 'vitest'
import { PingCaller, type Answer } from '../support/call-ping.ts'
import { i4Cache, i6Topic } from '../support/checker.ts'
import { readTotal, type CountSample } from '../support/count-watch.ts'
import { startKafka, uniqueName, type TestKafka } from '../support/kafka.ts'
import { startPostgres, type TestPostgres } from '../support/postgres.ts'
import { keepLogsOnFailure, startProcessor, startServer, until, type PingPlace, type Program } from '../support/programs.ts'
import { startCache, type TestRedis } from '../support/redis.ts'

const LIMIT_MS = 30_000
const TEST_LIMIT_MS = 300_000
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
  const isAcked = async (id: string) => {
    const answer = await send(id)
    return answer.kind === 'answer' && answer.status === 200
  }
  /** Of the next ping. A test that runs once more sends one again that was not acknowledged, but may be recorded. */
  let next = v7()
  const ping = async (times: number) => {
    for (let number = 0; number < times; number++) {
      // An answer may be late on a busy machine: then the ping is sent again.
      await until('the ping is acknowledged', () => isAcked(next), LIMIT_MS)
      next = v7()
      acked++
    }
  }
  /** What got errors. It may be recorded all the same. */
  const refused: string[] = []
  const untilAllAreAcked = async () => {
    for (const id of refused) await until('every retry is acknowledged', () => isAcked(id), LIMIT_MS)
    acked += refused.splice(0).length
  }
  const total = (strong = false) => readTotal(caller, server, strong)
  /** A total that is answered, if not at once. */
  const answeredTotal = async (strong = false) => {
    let sample: CountSample | undefined
    await until('a count is answered', async () => (sample = await total(strong)) !== undefined, LIMIT_MS)
    return sample
  }
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
      await until('the log has the reason', () => /set up the database: failed, trying again/.test(server.log().join()), LIMIT_MS)
    })

    test(
      'once Postgres is up, pings are recorded, and the count is right without Kafka and the cache',
      { timeout: TEST_LIMIT_MS },
      async () => {
        await postgres.restart()
        await server.untilReady()
        await ping(20)
        expect(await answeredTotal()).toMatchObject({ count: acked, source: 'database' })
        expect(await answeredTotal(true)).toMatchObject({ count: acked, source: 'database' })
      },
    )

    test('once the cache is up too, it is filled and serves counts, without Kafka', { timeout: TEST_LIMIT_MS }, async () => {
      await redis.restart()
      await until('fresh counts from the cache', isFresh, LIMIT_MS)
      await processor.untilReady()
      await ping(20)
      expect((await i4Cache(place.databaseUrl, place.redisUrl, LIMIT_MS)).violations).toEqual([])
    })

    test('once Kafka is up, everything is published', { timeout: TEST_LIMIT_MS }, async () => {
      await kafka.restart()
      await ping(20)
      expect(await i6Topic(place.databaseUrl, place.brokers, place.topic, 2 * LIMIT_MS)).toEqual([])
      expect(await answeredTotal(true)).toMatchObject({ count: acked })
    })
  })

  test(
    'while Kafka and the cache are both down, pings are recorded and the count is right, and all of it recovers',
    { timeout: TEST_LIMIT_MS },
    async () => {
      await Promise.all([kafka.kill9(), redis.kill9()])
      await ping(50)
      expect(await answeredTotal()).toMatchObject({ count: acked, source: 'database' })
      expect((await page(server, '/readyz'))[0]).toBe(200)
      await Promise.all([kafka.restart(), redis.restart()])
      await ping(10)
      expect((await i4Cache(place.databaseUrl, place.redisUrl, LIMIT_MS)).violations).toEqual([])
      expect(await i6Topic(place.databaseUrl, place.brokers, place.topic, 2 * LIMIT_MS)).toEqual([])
      expect(await answeredTotal()).toMatchObject({ count: acked })
    },
  )

  test(
    'while Postgres is down, callers get retryable errors, counts carry their age and strong counts fail; all of it recovers',
    { timeout: TEST_LIMIT_MS },
    async () => {
      await untilAllAreAcked() // some are left if it runs once more
      await until('fresh counts from the cache', isFresh, LIMIT_MS)
      onTestFailed(() => postgres.restart())
      await postgres.kill9()
      const answers: Answer[] = []
      const coded = (code: string) => answers.filter(answer => answer.kind === 'answer' && answer.json.code === code)
      const sendMany = async () => {
        const more = Array.from({ length: 80 }, () => v7())
        refused.push(...more)
        answers.push(...(await Promise.all(more.map(id => send(id)))))
        return coded('unavailable').length > 0 && coded('resource_exhausted').length > 0
      }
      // If they arrive slowly, the first have their answers before the queue is full.
      await until('the queue was full, and pings in it have waited too long', sendMany, LIMIT_MS)
      expect(coded('unavailable').length + coded('resource_exhausted').length).toBe(refused.length)
      for (const answer of coded('resource_exhausted')) expect(answer).toMatchObject({ status: 429, headers: { 'retry-after': '1' } })
      let aged: CountSample | undefined
      await until('the count is older than 2 s', async () => ((aged = await total())?.ageMs ?? 0) > 2_000, LIMIT_MS)
      expect(aged).toMatchObject({ count: acked })
      expect(await total(true)).toBeUndefined()
      await until('the metric reports that Postgres is down', async () => (await server.metric('ping_postgres_up')) === 0, LIMIT_MS)
      expect(await page(server, '/readyz')).toEqual([200, 'ready\n'])
      await postgres.restart()
      const healedMs = await until('a retry is acknowledged', () => isAcked(refused[0]!), LIMIT_MS)
      await untilAllAreAcked()
      expect(await answeredTotal(true)).toMatchObject({ count: acked })
      expect((await i4Cache(place.databaseUrl, place.redisUrl, LIMIT_MS)).violations).toEqual([])
      process.stdout.write(`Postgres back: first ack after ${Math.round(healedMs)} ms\n`)
    },
  )
})
