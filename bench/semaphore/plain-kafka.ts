import { benchKafka } from './bench-kafka.ts'
import { GatheringSender } from './gathering-sender.ts'
import { latencyOf, type Latency } from './measure-latency.ts'

/** What kafkajs and the broker do alone. */
export interface PlainKafka {
  /** Records per second that are sent and read. */
  readonly rate: number
  /** A record that is sent, read, sent to another topic and read again: the minimum cost of a round through Kafka. */
  readonly twoHops: Latency
}

const TOPICS = { first: 'plain-first', second: 'plain-second' }

export async function measurePlainKafka(port: number, records: number, samples: number): Promise<PlainKafka> {
  const kafka = benchKafka(port)
  const [first, second] = [new GatheringSender(kafka, TOPICS.first), new GatheringSender(kafka, TOPICS.second)]
  const consumers = [
    kafka.consumer({ groupId: 'plain-1', maxWaitTimeInMs: 100 }),
    kafka.consumer({ groupId: 'plain-2', maxWaitTimeInMs: 100 }),
  ]
  const admin = kafka.admin()
  await admin.connect()
  await admin.createTopics({ waitForLeaders: true, topics: Object.values(TOPICS).map(topic => ({ topic, numPartitions: 4 })) })
  await admin.disconnect()
  let onRecord: () => void = () => undefined
  let isForwarded = false
  const reads = [() => (isForwarded ? second.add({ key: 'key', value: 'value' }) : onRecord()), () => onRecord()]
  await Promise.all([first.connect(), second.connect()])
  for (const [index, topic] of Object.values(TOPICS).entries()) {
    const consumer = consumers[index]!
    await consumer.connect()
    await consumer.subscribe({ topic, fromBeginning: true })
    const joined = new Promise<void>(resolve => consumer.on(consumer.events.GROUP_JOIN, () => resolve()))
    await consumer.run({ autoCommit: false, eachBatch: async ({ batch }) => batch.messages.forEach(reads[index]!) })
    await joined
  }
  const next = (count: number): Promise<void> =>
    new Promise(resolve => {
      let left = count
      onRecord = () => --left === 0 && resolve()
    })
  const startedMs = performance.now()
  const all = next(records)
  for (let number = 0; number < records; number++) first.add({ key: `crane-${number}`, value: `the work of ${number}` })
  await all
  const rate = (records / (performance.now() - startedMs)) * 1_000
  isForwarded = true
  const latencies: number[] = []
  for (let sample = 0; sample < samples; sample++) {
    const sentMs = performance.now()
    const back = next(1)
    first.add({ key: 'key', value: 'value' })
    await back
    latencies.push(performance.now() - sentMs)
  }
  await Promise.all([...consumers.map(consumer => consumer.disconnect()), first.disconnect(), second.disconnect()])
  return { rate, twoHops: latencyOf(latencies) }
}
