import { fileURLToPath } from 'node:url'
import { Redis } from 'ioredis'
import { Kafka, logLevel, type Admin } from 'kafkajs'
import { guardIdleConnections } from '../../src/kafka/guard-idle-connections.ts'
import { MINUTE_MS } from '../../src/terms/minute.ts'
import { portOf } from '../contenders/contender.ts'
import { countRows, startPlainProgram } from '../contenders/start-plain.ts'
import { askCount } from '../load/ask-count.ts'
import { startIpcChild, type IpcChild } from '../load/ipc-child.ts'
import { createDatabase, ORIGINAL_TABLE } from '../parts/databases.ts'
import type { ProgramHost } from '../ping/ping-programs.ts'
import type { JobOrder } from './job-order.ts'
import type { Side } from './side.ts'
import { untilDone } from './until-done.ts'

const NAME = 'plain'
const PARTITIONS = 4
const POOL_SIZE = 16
const JOB = fileURLToPath(new URL('plain-job.ts', import.meta.url))

/** Starts the plain way: a server that inserts a row and sends a record, and a job that increments counters in the cache. */
export async function startPlainSide(host: ProgramHost): Promise<Side> {
  const { kafka, cache } = host.parts
  const broker = `127.0.0.1:${kafka.port}`
  const database = await createDatabase(host.parts, NAME)
  await database.query(ORIGINAL_TABLE)
  const admin = await createTopic(broker)
  host.teardown.add(() => admin.disconnect())
  const redis = new Redis(cache.port, '127.0.0.1')
  redis.on('error', () => undefined)
  host.teardown.add(() => redis.disconnect())
  const server = (): Promise<IpcChild> =>
    startPlainProgram(host, { database: database.url, poolSize: POOL_SIZE, topic: NAME, cacheKey: NAME, countFrom: 'cache' })
  const job = async (): Promise<IpcChild> => {
    const order: JobOrder = { broker, topic: NAME, cachePort: cache.port, cacheKey: NAME }
    const child = await startIpcChild(JOB, [JSON.stringify(order)])
    host.teardown.add(child.stop)
    return child
  }
  let [running, counting] = await Promise.all([server(), job()])
  return {
    name: 'the plain way',
    port: () => portOf(running.ready),
    async killServer() {
      await running.kill()
      running = await server()
    },
    async counterOutage(during) {
      await counting.kill()
      await during()
      counting = await job()
    },
    inCache: async () => Number((await redis.hget(NAME, 'total')) ?? 0),
    loseCache: async () => void (await redis.flushall()),
    async range(startMs, endMs) {
      const minutes = await redis.hgetall(NAME)
      const isIn = (minute: string): boolean =>
        minute !== 'total' && Number(minute) * MINUTE_MS >= startMs && Number(minute) * MINUTE_MS < endMs
      return Object.entries(minutes).reduce((sum, [minute, count]) => sum + (isIn(minute) ? Number(count) : 0), 0)
    },
    settled: async () => {
      await untilDone(
        () => lagOf(admin).catch(() => Infinity), // connecting again after an outage
        lag => lag === 0,
      )
      return { rows: await countRows(database), cached: (await askCount(portOf(running.ready), {})).count }
    },
  }
}

async function createTopic(broker: string): Promise<Admin> {
  guardIdleConnections()
  const admin = new Kafka({ brokers: [broker], logLevel: logLevel.NOTHING }).admin()
  await admin.connect()
  await admin.createTopics({ waitForLeaders: true, topics: [{ topic: NAME, numPartitions: PARTITIONS }] })
  return admin
}

/** The number of records that the job has not yet counted and committed. */
async function lagOf(admin: Admin): Promise<number> {
  const ends = await admin.fetchTopicOffsets(NAME)
  const [group] = await admin.fetchOffsets({ groupId: NAME, topics: [NAME] })
  const committed = new Map(group?.partitions.map(({ partition, offset }) => [partition, Math.max(0, Number(offset))]))
  return ends.reduce((sum, { partition, high }) => sum + Number(high) - (committed.get(partition) ?? 0), 0)
}
