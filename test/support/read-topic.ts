import { fromBinary } from '@bufbuild/protobuf'
import { Kafka, logLevel, type KafkaMessage } from 'kafkajs'
import { PingEventSchema } from '../../src/gen/ping/v1/ping_event_pb.ts'
import { wait } from '../../src/runtime/wait.ts'
import { uniqueName } from './kafka.ts'

const TRIES = 10
const TRY_AGAIN_AFTER_MS = 1_000

/** A record with its partition. */
export type FoundRecord = KafkaMessage & { readonly partition: number }

/** All records of a topic, each as `lane/seq/tag`; those that are there twice come twice. */
export async function readTopic(brokers: string, topic: string): Promise<readonly string[]> {
  return (await readRecords(brokers, topic)).map(({ value }) => placeOf(value))
}

/** All records of a topic; each partition is in its order. */
export async function readRecords(brokers: string, topic: string): Promise<readonly FoundRecord[]> {
  for (let tries = 1; ; tries++) {
    try {
      return await readOnce(brokers, topic)
    } catch (error) {
      if (tries === TRIES) throw error
      await wait(TRY_AGAIN_AFTER_MS) // a broker that has just come back loads its groups for a while
    }
  }
}

async function readOnce(brokers: string, topic: string): Promise<readonly FoundRecord[]> {
  const kafka = new Kafka({ brokers: [brokers], logLevel: logLevel.NOTHING })
  const missing = await lastOffsets(kafka, topic)
  const records: FoundRecord[] = []
  const consumer = kafka.consumer({ groupId: uniqueName('read-topic'), maxWaitTimeInMs: 100 })
  await consumer.connect()
  try {
    await consumer.subscribe({ topic, fromBeginning: true })
    await new Promise<void>((resolve, reject) => {
      if (missing.size === 0) return resolve()
      consumer.on(consumer.events.CRASH, ({ payload }) => reject(payload.error))
      const running = consumer.run({
        eachBatch: async ({ batch }) => {
          for (const message of batch.messages) records.push({ ...message, partition: batch.partition })
          if (Number(batch.lastOffset()) + 1 >= (missing.get(batch.partition) ?? 0)) missing.delete(batch.partition)
          if (missing.size === 0) resolve()
        },
      })
      running.catch(reject)
    })
  } finally {
    await consumer.disconnect()
  }
  return records
}

/** By partition, without empty ones. */
async function lastOffsets(kafka: Kafka, topic: string): Promise<Map<number, number>> {
  const admin = kafka.admin()
  await admin.connect()
  try {
    const offsets = await admin.fetchTopicOffsets(topic)
    return new Map(offsets.filter(({ high }) => Number(high) > 0).map(({ partition, high }) => [partition, Number(high)]))
  } finally {
    await admin.disconnect()
  }
}

function placeOf(value: Buffer | null): string {
  const { lane, seq, tag } = fromBinary(PingEventSchema, value ?? new Uint8Array())
  return `${lane}/${seq}/${tag}`
}
