import { Kafka, logLevel, Partitioners, type Producer } from 'kafkajs'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { Broker } from '../../../broker/broker.ts'
import { batchesIn } from '../../../broker/records/batch.ts'
import { decodeRecords } from '../../../broker/records/records.ts'
import { fetch } from '../../../broker/wire/tables/index.ts'
import { createLogger } from '../../../src/runtime/logger.ts'
import { uniqueName } from '../../support/kafka.ts'
import { CLOSED, RawConnection } from '../conformance/raw-connection.ts'

/**
 * kafkajs 2.2.4 loses acknowledged records if several sends of an idempotent producer are in flight and one answer is lost:
 * it reuses the sequence number of the lost send for the next one, which the broker treats as a duplicate. This is why the relay has only one send in flight.
 */
describe('an idempotent producer of kafkajs whose first answer is lost', () => {
  let broker: Broker
  let kafka: Kafka
  let producer: Producer
  let topic: string

  beforeAll(async () => {
    const config = { listeners: 'PLAINTEXT://127.0.0.1:0', storage: 'memory' }
    broker = await Broker.start({ config, log: createLogger({ name: 'broker', level: 'silent' }) })
    const brokers = [`127.0.0.1:${broker.port}`]
    kafka = new Kafka({ brokers, logLevel: logLevel.NOTHING, requestTimeout: 1_000, retry: { initialRetryTime: 50, retries: 10 } })
  })
  afterAll(() => broker.stop())
  beforeEach(async () => {
    topic = uniqueName('loss')
    producer = kafka.producer({ idempotent: true, maxInFlightRequests: 5, createPartitioner: Partitioners.DefaultPartitioner })
    await producer.connect()
    return () => producer.disconnect()
  })

  const send = async (value: string) => {
    await producer.send({ topic, acks: -1, messages: [{ value }] })
    return value
  }
  const inLog = () => readValues(`127.0.0.1:${broker.port}`, topic)

  test.each(['drop', 'close'] as const)('loses one of three concurrent sends though all are acknowledged (%s)', async kind => {
    broker.faults.plan('Produce', { kind })
    expect(await Promise.all(['A', 'B', 'C'].map(send))).toEqual(['A', 'B', 'C'])
    const values = await inLog()
    expect(values).toHaveLength(3)
    expect(new Set(values).size).toBe(2)
  })

  test.each(['drop', 'close'] as const)('loses none of its sequential sends (%s)', async kind => {
    broker.faults.plan('Produce', { kind })
    for (const value of ['A', 'B', 'C']) await send(value)
    expect(await inLog()).toEqual(['A', 'B', 'C'])
  })
})

async function readValues(brokers: string, topic: string): Promise<readonly string[]> {
  const connection = await RawConnection.open(brokers)
  const partition = { partition: 0, fetchOffset: 0n, partitionMaxBytes: 1_000_000 }
  const answer = await connection.ask(fetch, 11, { replicaId: -1, maxWaitMs: 0, minBytes: 0, topics: [{ topic, partitions: [partition] }] })
  connection.close()
  if (answer === CLOSED) throw new Error('the broker closed the connection')
  const piece = answer.responses[0]?.partitions[0]?.records ?? Buffer.alloc(0)
  return [...batchesIn(piece)].flatMap(batch => decodeRecords(batch).map(({ value }) => String(value)))
}
