/**
 * Contender (c), the plain way: a Ping is one INSERT and one awaited send, a PingCount one COUNT(*) (or one read
 * of the cache), each per request. Written and tuned as a good engineer would: with Connect's adapter, the best pool
 * size, prepared statements, one shared producer, and ids that suit the index.
 */
import { create, toBinary } from '@bufbuild/protobuf'
import { connectNodeAdapter } from '@connectrpc/connect-node'
import { Redis } from 'ioredis'
import { Kafka, logLevel, Partitioners } from 'kafkajs'
import { Pool } from 'pg'
import { v7 as uuidv7 } from 'uuid'
import { PingRequestSchema, PingService, type PingRequest, type TimeRange } from '../../src/gen/ping/v1/ping_pb.ts'
import { guardIdleConnections } from '../../src/kafka/guard-idle-connections.ts'
import type { PlainOrder } from './orders.ts'
import { serve } from './serve.ts'

guardIdleConnections()
const order = JSON.parse(process.argv[2] ?? '') as PlainOrder
const pool = new Pool({ connectionString: order.database, max: order.poolSize })
const cache = new Redis(order.cachePort, '127.0.0.1')
// A send that fails is answered as an error of its call.
const kafka = new Kafka({ brokers: [order.broker], clientId: 'plain', logLevel: logLevel.NOTHING })
const producer = kafka.producer({ createPartitioner: Partitioners.DefaultPartitioner })

async function ping(request: PingRequest): Promise<object> {
  await pool.query({
    name: 'insert-ping',
    text: 'INSERT INTO pings (id, pinged_at) VALUES ($1, $2)',
    values: [uuidv7(), new Date(Number(request.timestampMs ?? BigInt(Date.now())))],
  })
  const value = Buffer.from(toBinary(PingRequestSchema, create(PingRequestSchema, request)))
  await producer.send({ topic: order.topic, acks: -1, messages: [{ value }] })
  return {}
}

async function countInDatabase(range: TimeRange | undefined): Promise<bigint> {
  const { rows } = await (range === undefined
    ? pool.query({ name: 'count', text: 'SELECT COUNT(*) FROM pings' })
    : pool.query({
        name: 'count-range',
        text: 'SELECT COUNT(*) FROM pings WHERE pinged_at >= $1 AND pinged_at < $2',
        values: [new Date(Number(range.start)), new Date(Number(range.end))],
      }))
  return BigInt(rows[0].count)
}

async function countInCache(): Promise<bigint> {
  return BigInt((await cache.hget(order.cacheKey, 'total')) ?? 0)
}

await producer.connect()
serve(
  connectNodeAdapter({
    routes: router =>
      router.service(PingService, {
        ping,
        pingCount: async ({ timeRange }) => ({
          pingCount: await (order.countFrom === 'cache' ? countInCache() : countInDatabase(timeRange)),
        }),
      }),
  }),
  async () => {
    await producer.disconnect()
    await pool.end()
    cache.disconnect()
  },
)
