import { Redis } from 'ioredis'
import { Kafka, logLevel } from 'kafkajs'
import type pg from 'pg'
import { describe, expect, test } from 'vitest'
import { createPostgresClient } from '../../src/runtime/postgres-client.ts'
import { kafkaKindsAtDepth, sharedKafka, startKafka, uniqueName } from '../support/kafka.ts'
import { startPostgres, testDatabase } from '../support/postgres.ts'
import { cacheKinds, startCache } from '../support/redis.ts'
import { can } from '../support/tiers.ts'

async function ask(config: pg.ClientConfig, sql: string): Promise<Record<string, unknown>> {
  const client = createPostgresClient(config)
  await client.connect()
  try {
    return (await client.query(sql)).rows[0]
  } finally {
    await client.end()
  }
}

describe('the real parts that tests use', () => {
  test('the shared Postgres is version 18 and gives each test its own database', async () => {
    const [one, other] = [await testDatabase(), await testDatabase()]
    expect(one.url).not.toBe(other.url)
    const answer = await ask(one.config, `select current_setting('server_version_num')::int / 10000 as version`)
    expect(answer).toEqual({ version: 18 })
    await Promise.all([one.drop(), other.drop()])
    await expect(ask(one.config, 'select 1')).rejects.toThrow('does not exist')
  })

  test.runIf(can('postgres15'))('Postgres 15 is available too', async () => {
    const database = await testDatabase({ version: 15 })
    const answer = await ask(database.config, `select current_setting('server_version_num')::int / 10000 as version`)
    expect(answer).toEqual({ version: 15 })
    await database.drop()
  })

  test("a test's own Postgres keeps what was committed over kill -9 and restart", async () => {
    const server = await startPostgres()
    const { config } = await server.createDatabase('kept')
    await ask(config, 'create table t as select 42 as n')
    const { pid } = server
    await server.kill9()
    await expect(ask(config, 'select n from t')).rejects.toThrow()
    await server.restart()
    expect(server.pid).not.toBe(pid)
    expect(await ask(config, 'select n from t')).toEqual({ n: 42 })
    await server.stop()
  })

  test.each(cacheKinds())("a test's own cache is empty after kill -9 and restart on its port (%s)", async kind => {
    const server = await startCache(kind)
    const cache = new Redis(server.url, { maxRetriesPerRequest: null })
    cache.on('error', () => undefined)
    await cache.set('k', 'v')
    await server.kill9()
    await server.restart()
    expect(await cache.get('k')).toBeNull()
    cache.disconnect()
    await server.stop()
  })
})

describe.each(kafkaKindsAtDepth())('the broker that tests use (%s)', kind => {
  const send = async (brokers: string, topic: string) => {
    const kafka = new Kafka({ brokers: [brokers], clientId: 'test', logLevel: logLevel.NOTHING })
    const producer = kafka.producer()
    await producer.connect()
    const [answer] = await producer.send({ topic, messages: [{ value: 'x' }], acks: -1 })
    await producer.disconnect()
    return Number(answer?.baseOffset)
  }

  test('accepts records if it is shared', async () => {
    const topic = uniqueName()
    expect(await send(await sharedKafka(kind), topic)).toBe(0)
    expect(await send(await sharedKafka(kind), topic)).toBe(1)
  })

  test("keeps its records over kill -9 and restart if it is a test's own", { timeout: 90_000 }, async () => {
    const broker = await startKafka(kind)
    expect(await send(broker.brokers, 'kept')).toBe(0)
    await broker.kill9()
    await broker.restart()
    expect(await send(broker.brokers, 'kept')).toBe(1)
    await broker.stop()
  })
})
