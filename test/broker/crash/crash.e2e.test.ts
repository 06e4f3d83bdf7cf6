import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createTopics } from '../../../broker/wire/tables/create-topics.ts'
import { offsetFetch } from '../../../broker/wire/tables/offset-fetch.ts'
import { guardIdleConnections } from '../../../src/kafka/guard-idle-connections.ts'
import { wait, within } from '../../../src/runtime/wait.ts'
import { until } from '../../support/programs.ts'
import { seededRandom } from '../../support/random.ts'
import { checkNumbers } from './check-records.ts'
import { MortalBroker } from './mortal-broker.ts'
import { throughCrashes } from './patient-connection.ts'
import { nameOf, type Partition, type Worker } from './place.ts'
import { readLog, type Found } from './read-log.ts'
import { crashSettings } from './settings.ts'
import { tearOffsets, tearTail } from './torn-tail.ts'
import { createWorkers, MEMBER_GROUP, type Workers } from './workers.ts'

const { kills, seed } = crashSettings()
/** Small segments, so that kills hit new ones. */
const TOPICS = [
  { name: 'orders', numPartitions: 3, configs: [{ name: 'segment.bytes', value: '1000000' }] },
  { name: 'events', numPartitions: 2, configs: [] },
]
const PARTITIONS: readonly Partition[] = TOPICS.flatMap(({ name, numPartitions }) =>
  Array.from({ length: numPartitions }, (_, partition) => ({ topic: name, partition })),
)
/** From the moment when every worker has had an answer to the kill. */
const MAX_PEACE_MS = 200
/** A broker starts within 250 ms, or later on a busy machine. */
const MAX_START_MS = 250
/** How long one life of the broker may take on a busy machine. */
const LIFE_LIMIT_MS = 60_000
/** One life in this many is long enough for kafkajs to reconnect and to work. */
const LONG_LIFE_EVERY = 6
/** After one kill in this many there are extra bytes after the written ones. */
const [TORN_LOG_EVERY, TORN_OFFSETS_EVERY] = [3, 6]
/** One start in this many is killed before it completes. */
const FAILED_START_EVERY = 4
const LAST_ANSWERS_MS = 120_000

guardIdleConnections()

describe.each([
  { what: 'as it is', settings: {}, count: kills },
  { what: 'with log.flush.interval.messages=1', settings: { 'log.flush.interval.messages': 1 }, count: Math.ceil(kills / 10) },
])(`kill -9 under load, $what ($count kills, --seed ${seed})`, ({ settings, count }) => {
  const random = seededRandom(seed)
  const ending = new AbortController()
  const logs = new Map<string, readonly Found[]>()
  let broker: MortalBroker
  let workers: Workers
  let ended: Promise<unknown>

  beforeAll(async () => {
    broker = await MortalBroker.create(settings)
    await createLoadedTopics(broker.address)
    workers = createWorkers({ broker: broker.address, ending: ending.signal }, { seed, partitions: PARTITIONS })
    ended = Promise.all(workers.all.map(worker => worker.run()))
    ended.catch(() => undefined) // reported where it is awaited
  })
  afterAll(async () => {
    ending.abort()
    await broker.stop()
  })

  /** Resolves when each of them has had an answer since this call. */
  async function untilServed(those: readonly Worker[]): Promise<void> {
    const before = new Map(those.map(worker => [worker, worker.acks]))
    const idle = () => those.filter(worker => worker.acks <= (before.get(worker) ?? 0)).map(({ name }) => name)
    const all = until('answers for all', () => idle().length === 0, LIFE_LIMIT_MS)
    await Promise.race([ended, all]).catch((cause: unknown) => {
      throw new Error(`waiting for ${idle().join(', ')}`, { cause })
    })
  }

  async function die(): Promise<number> {
    await wait(random.between(0, MAX_PEACE_MS))
    expect(broker.end, 'the broker ended of itself').toBeUndefined()
    await broker.kill9()
    if (random.between(0, TORN_LOG_EVERY) === 0) tearTail(broker.folder, random.pick(PARTITIONS), random)
    if (random.between(0, TORN_OFFSETS_EVERY) === 0) tearOffsets(broker.folder, random)
    let deaths = 1
    for (; random.between(0, FAILED_START_EVERY) === 0; deaths++) await broker.startAndDie(random.between(0, MAX_START_MS))
    return deaths
  }

  test(
    'the broker recovers after each kill, and no client sees a violation',
    { timeout: (count + 1) * LIFE_LIMIT_MS + LAST_ANSWERS_MS },
    async () => {
      const violations = () => workers.all.flatMap(({ violations }) => violations)
      try {
        for (let deaths = 0; deaths < count && violations().length === 0;) {
          await untilServed(deaths === 0 || random.between(0, LONG_LIFE_EVERY) === 0 ? workers.all : workers.quick)
          deaths += await die()
          await broker.start()
        }
      } finally {
        ending.abort()
      }
      const late = await within(
        LAST_ANSWERS_MS,
        `some requests are unacknowledged ${LAST_ANSWERS_MS} ms after the last start`,
        ended,
      ).catch((error: Error) => error.message)
      expect({ violations: violations(), late: typeof late === 'string' ? late : undefined }).toEqual({ violations: [], late: undefined })
    },
  )

  test('every acknowledged record is in the log, in order and as often as guaranteed', async () => {
    for (const partition of PARTITIONS) logs.set(nameOf(partition), await readLog(broker.address, partition))
    const wrong = workers.producers.flatMap(({ producer, guarantee }) =>
      PARTITIONS.flatMap(partition => {
        const numbers = (logs.get(nameOf(partition)) ?? []).filter(found => found.producer === producer.name).map(({ number }) => number)
        return checkNumbers(numbers, producer.sent(partition), guarantee).map(what => `${producer.name}, ${nameOf(partition)}: ${what}`)
      }),
    )
    expect(wrong).toEqual([])
    const known = new Set(workers.producers.map(({ producer }) => producer.name))
    expect([...logs.values()].flat().filter(({ producer }) => !known.has(producer))).toEqual([])
  })

  test('every record is at its acknowledged offset', () => {
    const acknowledged = workers.rawProducers.flatMap(producer => producer.acknowledged.map(each => ({ ...each, producer: producer.name })))
    expect(acknowledged.length).toBeGreaterThan(count)
    const elsewhere = acknowledged.filter(({ producer, firstNumber, baseOffset, ...partition }) => {
      const found = logs.get(nameOf(partition))?.[Number(baseOffset)]
      return found?.producer !== producer || found.number !== firstNumber
    })
    expect(elsewhere).toEqual([])
  })

  test('no producer id was given twice', () => {
    const ids = workers.rawProducers.flatMap(({ producerIds }) => producerIds)
    expect(ids.length).toBeGreaterThan(1)
    expect(new Set(ids).size).toBe(ids.length)
  })

  test('the group has the offsets that it committed', async () => {
    const { member } = workers
    expect(member.committed.size).toBeGreaterThan(0)
    const topics = TOPICS.map(({ name, numPartitions }) => ({
      name,
      partitionIndexes: Array.from({ length: numPartitions }, (_, index) => index),
    }))
    const fetched = await throughCrashes(broker.address, connection => connection.ask(offsetFetch, 4, { groupId: MEMBER_GROUP, topics }))
    const offsets = new Map(
      fetched.topics.flatMap(({ name, partitions }) =>
        partitions.map(
          ({ partitionIndex, committedOffset }) => [nameOf({ topic: name, partition: partitionIndex }), committedOffset] as const,
        ),
      ),
    )
    for (const [key, offset] of member.committed) {
      const got = offsets.get(key) ?? -1n
      expect(got, key).toBeGreaterThanOrEqual(offset)
      expect(got, key).toBeLessThanOrEqual(BigInt(logs.get(key)?.length ?? 0))
    }
  })

  test('all workers made progress between the kills', () => {
    const starts = broker.startsMs.toSorted((a, b) => a - b)
    const records = [...logs.values()].reduce((sum, log) => sum + log.length, 0)
    const acks = workers.all.map(({ name, acks }) => `${name} ${acks}`).join(', ')
    process.stdout.write(
      `crashes, --seed ${seed}: ${records} records; acks: ${acks}; start median ${Math.round(starts[starts.length >> 1] ?? 0)} ms, longest ${Math.round(starts.at(-1) ?? 0)} ms\n`,
    )
    for (const { acks } of workers.quick) expect(acks).toBeGreaterThan(count / 2)
    for (const { producer } of workers.producers) expect(producer.acks).toBeGreaterThan(0)
  })
})

async function createLoadedTopics(broker: string): Promise<void> {
  const topics = TOPICS.map(topic => ({ ...topic, replicationFactor: 1, assignments: [] }))
  const answer = await throughCrashes(broker, connection =>
    connection.ask(createTopics, 4, { topics, timeoutMs: 5_000, validateOnly: false }),
  )
  expect(answer.topics.map(({ errorCode }) => errorCode)).toEqual([0, 0])
}
