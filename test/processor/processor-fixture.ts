import { randomUUID } from 'node:crypto'
import { Redis } from 'ioredis'
import { Kafka, logLevel, Partitioners, type CompressionTypes, type Message, type Producer } from 'kafkajs'
import { HASH } from '../../src/counters/names.ts'
import type { PingEvent } from '../../src/events/event.ts'
import { partitionOfLane } from '../../src/events/partition-of-lane.ts'
import { guardIdleConnections } from '../../src/kafka/guard-idle-connections.ts'
import { packedMessages, type RecordSet } from '../../src/kafka/packed-messages.ts'
import { connectClient } from '../../src/ledger/connect.ts'
import { readHeads } from '../../src/ledger/heads.ts'
import { migrate } from '../../src/ledger/migrate.ts'
import { recordBatch } from '../../src/ledger/record.ts'
import type { Client, ClientConfig } from '../../src/postgres/pg-types.ts'
import { sumOfHeads } from '../../src/terms/position.ts'
import { silent } from '../counters/caches.ts'
import { encode } from '../support/encode-event.ts'
import { sharedKafka, uniqueName, type KafkaKind } from '../support/kafka.ts'
import { startProcessor, until, type PingPlace, type Program, type ProgramSettings } from '../support/programs.ts'

export const LANES = 4
const PARTITIONS = 2

/** All that a processor needs, and a relay moved by hand. */
export interface ProcessorFixture {
  readonly place: PingPlace
  readonly cache: Redis
  readonly ledger: Client
  start(settings?: ProgramSettings): Promise<Program>
  /** Records pings in a lane; the events are not sent. */
  record(lane: number, timesMs: readonly number[]): Promise<readonly PingEvent[]>
  /** Sends events, each as it is. */
  publish(events: readonly PingEvent[]): Promise<void>
  /** Sends any record. */
  send(partition: number, message: Message, compression?: CompressionTypes): Promise<void>
  /** Sends a batch with any bytes as its records. */
  sendRecords(partition: number, records: RecordSet): Promise<void>
  hash(): Promise<Readonly<Record<string, string>>>
  /** True if the cache has every lane at its head, and the pings of every minute. */
  isTrue(): Promise<boolean>
  /** Waits until it is; the ms that it took. */
  untilTrue(limitMs?: number): Promise<number>
  /** Records that are not committed, over all partitions or in one. */
  uncommitted(partition?: number): Promise<number>
  /** How many processors the group has. */
  members(): Promise<number>
  close(): Promise<void>
}

export async function processorFixture(
  database: { url: string; config: ClientConfig },
  redisUrl: string,
  kind?: KafkaKind,
): Promise<ProcessorFixture> {
  const brokers = await sharedKafka(kind)
  const place: PingPlace = { databaseUrl: database.url, brokers, redisUrl, topic: uniqueName('ping') }
  await migrate(database.config, { lanes: LANES, log: silent })
  const ledger = await connectClient(database.config, 'test')
  const cache = new Redis(redisUrl, { retryStrategy: () => 50 })
  cache.on('error', () => undefined)
  await cache.flushall()
  guardIdleConnections()
  const kafka = new Kafka({ brokers: [brokers], logLevel: logLevel.NOTHING, retry: { retries: 12 } })
  const producer = kafka.producer({ createPartitioner: Partitioners.DefaultPartitioner, allowAutoTopicCreation: false })
  const admin = kafka.admin()
  await Promise.all([producer.connect(), admin.connect()])
  await admin.createTopics({ topics: [{ topic: place.topic, numPartitions: PARTITIONS, replicationFactor: 1 }], waitForLeaders: false })
  const hasLeaders = () =>
    admin.fetchTopicMetadata({ topics: [place.topic] }).then(
      () => true,
      () => false,
    )
  await until('the topic is there', hasLeaders, 30_000) // a broker that has just started takes its time
  const programs: Program[] = []
  const isTrue = async () => sameAsLedger(await cache.hgetall(HASH).catch(() => ({})), ledger)
  return {
    place,
    cache,
    ledger,
    start: async settings => {
      const program = await startProcessor(place, settings)
      programs.push(program)
      await program.untilReady()
      return program
    },
    record: (lane, timesMs) => record(ledger, lane, timesMs),
    publish: events => publish(producer, place.topic, events),
    send: async (partition, message, compression) => {
      await producer.send({ topic: place.topic, messages: [{ ...message, partition }], ...(compression !== undefined && { compression }) })
    },
    sendRecords: async (partition, records) => {
      await producer.send({ topic: place.topic, messages: packedMessages(new Map([[partition, records]])) })
    },
    hash: () => cache.hgetall(HASH),
    isTrue,
    untilTrue: (limitMs = 40_000) => until('the cache equals the ledger', isTrue, limitMs),
    uncommitted: async only => {
      const [ends, groups] = await Promise.all([
        admin.fetchTopicOffsets(place.topic),
        admin.fetchOffsets({ groupId: place.topic, topics: [place.topic] }),
      ])
      const committed = new Map(groups[0]?.partitions.map(({ partition, offset }) => [partition, Math.max(0, Number(offset))]))
      const asked = ends.filter(({ partition }) => only === undefined || partition === only)
      return asked.reduce((sum, { partition, high }) => sum + Number(high) - (committed.get(partition) ?? 0), 0)
    },
    members: async () => (await admin.describeGroups([place.topic])).groups[0]!.members.length,
    close: async () => {
      await Promise.all(programs.map(program => program.kill9()))
      await Promise.all([producer.disconnect(), admin.disconnect()])
      await ledger.end().catch(() => undefined)
      cache.disconnect()
    },
  }
}

async function record(ledger: Client, lane: number, timesMs: readonly number[]): Promise<readonly PingEvent[]> {
  const pings = timesMs.map(time => ({ id: randomUUID(), timestampMs: BigInt(time) })).toSorted((a, b) => (a.id < b.id ? -1 : 1))
  const { before, tag, inserted } = await recordBatch(ledger, [lane], pings)
  return inserted.map((ping, index) => ({
    ...ping,
    lane,
    seq: before.seq + BigInt(index) + 1n,
    tag,
    previousTag: index === 0 ? before.tag : tag,
  }))
}

async function publish(producer: Producer, topic: string, events: readonly PingEvent[]): Promise<void> {
  const messages = events.map(event => ({ value: encode(event), partition: partitionOfLane(event.lane, PARTITIONS) }))
  await producer.send({ topic, messages, acks: -1 })
}

async function sameAsLedger(hash: Readonly<Record<string, string>>, ledger: Client): Promise<boolean> {
  const heads = await readHeads(ledger)
  if (hash['claim'] !== undefined || hash['total'] !== String(sumOfHeads(heads))) return false
  if (heads.some(({ lane, seq, tag }) => hash[`applied:${lane}`] !== `${seq}:${tag}` || hash[`asof:${lane}`] === undefined)) return false
  const [from, to] = [hash['minutes-from'] === '-' ? -Infinity : Number(hash['minutes-from']), Number(hash['minutes-to'])]
  const counted = await ledger.query<{ minute: bigint; count: bigint }>(
    'select ping_minute(pinged_at) as minute, count(*) as count from pings group by 1',
  )
  const expected = counted.rows.filter(({ minute }) => minute >= from && minute < to).map(({ minute, count }) => `${minute}=${count}`)
  const held = Object.entries(hash).flatMap(([field, count]) =>
    field.startsWith('minute:') ? [`${field.slice('minute:'.length)}=${count}`] : [],
  )
  return expected.toSorted().join() === held.toSorted().join()
}
