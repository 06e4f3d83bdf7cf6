/**
 * The plain way's stream job: for each record of the topic it increments the total and the minute in the cache. Written as a good
 * engineer would write it first: one consumer group, offsets committed by the client, one round trip for a record.
 */
import { fromBinary } from '@bufbuild/protobuf'
import { Redis } from 'ioredis'
import { Kafka, logLevel } from 'kafkajs'
import { PingRequestSchema } from '../../src/gen/ping/v1/ping_pb.ts'
import { guardIdleConnections } from '../../src/kafka/guard-idle-connections.ts'
import { minuteOf } from '../../src/terms/minute.ts'
import type { JobOrder } from './job-order.ts'

guardIdleConnections()
const { broker, topic, cachePort, cacheKey } = JSON.parse(process.argv[2] ?? '') as JobOrder
const cache = new Redis(cachePort, '127.0.0.1')
cache.on('error', () => undefined)
const consumer = new Kafka({ brokers: [broker], clientId: 'plain-job', logLevel: logLevel.NOTHING }).consumer({
  groupId: topic,
  sessionTimeout: 6_000, // a killed job is replaced soon
  retry: { retries: Number.MAX_SAFE_INTEGER, maxRetryTime: 1_000 },
})

await consumer.connect()
await consumer.subscribe({ topic, fromBeginning: true })
await consumer.run({
  async eachMessage({ message }) {
    const { timestampMs = 0n } = fromBinary(PingRequestSchema, message.value ?? new Uint8Array())
    await cache
      .multi()
      .hincrby(cacheKey, 'total', 1)
      .hincrby(cacheKey, String(minuteOf(timestampMs)), 1)
      .exec()
  },
})
process.send?.('running')
process.on('disconnect', () => void consumer.disconnect().finally(() => process.exit(0)))
