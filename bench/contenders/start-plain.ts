import { Kafka, logLevel } from 'kafkajs'
import { guardIdleConnections } from '../../src/kafka/guard-idle-connections.ts'
import type { Bench } from '../bench.ts'
import { startIpcChild, type IpcChild } from '../load/ipc-child.ts'
import { createDatabase, ORIGINAL_TABLE, type Database } from '../parts/databases.ts'
import { portOf, programFile, type Contender } from './contender.ts'
import type { PlainOrder } from './orders.ts'

/** Like Ping's topic. */
const PARTITIONS = 4

/** Starts the plain way's process. */
export async function startPlainProgram(
  bench: Pick<Bench, 'parts' | 'teardown'>,
  order: Omit<PlainOrder, 'broker' | 'cachePort'>,
): Promise<IpcChild> {
  const { kafka, cache } = bench.parts
  const full: PlainOrder = { ...order, broker: `127.0.0.1:${kafka.port}`, cachePort: cache.port }
  const child = await startIpcChild(programFile('plain.ts'), [JSON.stringify(full)])
  bench.teardown.add(child.stop)
  return child
}

/** Starts the plain way with its own database and topic. */
export async function startPlain(bench: Bench, name: string, poolSize: number): Promise<Contender> {
  const database = await createDatabase(bench.parts, name)
  await database.query(ORIGINAL_TABLE)
  guardIdleConnections()
  const admin = new Kafka({ brokers: [`127.0.0.1:${bench.parts.kafka.port}`], logLevel: logLevel.NOTHING }).admin()
  await admin.connect()
  await admin.createTopics({ waitForLeaders: true, topics: [{ topic: name, numPartitions: PARTITIONS }] })
  const child = await startPlainProgram(bench, {
    database: database.url,
    poolSize,
    topic: name,
    cacheKey: name,
    countFrom: 'database',
  })
  return {
    key: 'c',
    port: portOf(child.ready),
    pids: { server: child.pid, postgres: { pid: bench.parts.postgres.pid, database: name }, kafka: bench.parts.kafka.pid },
    settle: async () => undefined, // an answered request leaves nothing to do
    verify: async answered => {
      const offsets = await admin.fetchTopicOffsets(name)
      const records = offsets.reduce((sum, partition) => sum + Number(partition.high), 0)
      const rows = await countRows(database)
      return rows === answered && records === answered
        ? undefined
        : `${name}: ${answered} answered, ${rows} rows, ${records} records; expected the same number three times`
    },
    stop: async () => {
      await child.stop()
      await admin.disconnect()
      await database.drop()
    },
  }
}

export async function countRows(database: Database, table = 'pings'): Promise<number> {
  const { rows } = await database.query(`select count(*) from ${table}`)
  return Number(rows[0].count)
}
