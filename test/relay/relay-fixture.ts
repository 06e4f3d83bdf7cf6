import { randomUUID } from 'node:crypto'
import { Kafka, logLevel } from 'kafkajs'
import { expect } from 'vitest'
import { decode, type PingEvent } from '../../src/events/event.ts'
import { eventSettings } from '../../src/events/settings.ts'
import { guardIdleConnections } from '../../src/kafka/guard-idle-connections.ts'
import { createKafka } from '../../src/kafka/kafka.ts'
import { kafkaSettings, topicSettings } from '../../src/kafka/settings.ts'
import type { ClientConfig } from '../../src/postgres/pg-types.ts'
import { Publisher } from '../../src/relay/publisher.ts'
import type { RelayOptions } from '../../src/relay/relay-options.ts'
import { Relay } from '../../src/relay/relay.ts'
import { createLogger } from '../../src/runtime/logger.ts'
import { readSettings } from '../../src/runtime/settings.ts'
import { START, type Position } from '../../src/terms/position.ts'
import { numberingFaults, rowsOf, silent } from '../ledger/ledger-fixture.ts'
import type { TestDatabase } from '../support/postgres.ts'

export const settingsFor = (brokers: string, topic: string) =>
  readSettings(
    { ...kafkaSettings, ...eventSettings, ...topicSettings },
    { KAFKA_BROKERS: brokers, KAFKA_TOPIC: topic, KAFKA_TOPIC_PARTITIONS: '3' },
  )

export function createPublisher(brokers: string, topic: string): Publisher {
  const settings = settingsFor(brokers, topic)
  return new Publisher(createKafka(settings, 'test', silent), topic, settings)
}

export interface TestRelay {
  readonly relay: Relay
  /** How often something was tried again. */
  retries(): number
  /** How often a session ended, or Kafka did not accept a send. After that, events may be in the topic twice. */
  disturbances(): number
}

const DISTURBED = /the session ended|Kafka does not accept/

/** A relay as the server makes it. */
export function createRelay(postgres: ClientConfig, publisher: RelayOptions['publisher'], options: Partial<RelayOptions> = {}): TestRelay {
  let [retries, disturbances] = [0, 0]
  const log = Object.assign(options.log ?? createLogger({ name: 'test', level: 'silent' }), {
    warn: (_: object, message: string) => void (disturbances += Number(DISTURBED.test(message))),
  })
  const nothing = () => undefined
  const metrics = { published: nothing, publishLag: nothing, foldLag: nothing, lanesHeld: nothing, relayRetried: () => void retries++ }
  const relay = new Relay({ postgres, publisher, metrics, lingerMs: 5, pollMs: 50, ...options, log })
  return { relay, retries: () => retries, disturbances: () => disturbances }
}

const MAX_TRIES = 5

/** Checks what a scenario left. */
export type Check = () => Promise<void>

/**
 * Runs a scenario that sends each event once, and then the check that it returns. If a relay was disturbed, as by a machine that stops
 * for some seconds, it calls `renew` and runs the scenario again.
 */
export async function undisturbed(
  relays: () => readonly TestRelay[],
  renew: () => Promise<void>,
  scenario: () => Promise<Check>,
): Promise<void> {
  for (let tries = 1; ; tries++) {
    const check = await scenario()
    if (tries === MAX_TRIES || relays().every(relay => relay.disturbances() === 0)) return check()
    await renew()
  }
}

export interface TopicRecord {
  readonly partition: number
  readonly value: Buffer
  /** Kafka's own, in ms. */
  readonly timestampMs: number
}

/** All records that are in the topic now, of each partition in order. */
export async function readRecords(brokers: string, topic: string): Promise<readonly TopicRecord[]> {
  guardIdleConnections()
  const kafka = new Kafka({ brokers: [brokers], logLevel: logLevel.NOTHING })
  const admin = kafka.admin()
  await admin.connect()
  const offsets = await admin.fetchTopicOffsets(topic)
  await admin.disconnect()
  let missing = offsets.reduce((sum, { high, low }) => sum + Number(high) - Number(low), 0)
  const records: TopicRecord[] = []
  if (missing === 0) return records
  const consumer = kafka.consumer({ groupId: `read-${randomUUID()}`, maxWaitTimeInMs: 100 })
  await consumer.connect()
  try {
    await consumer.subscribe({ topic, fromBeginning: true })
    await new Promise<void>((resolve, reject) => {
      consumer.on('consumer.crash', ({ payload }) => payload.restart || reject(payload.error))
      consumer
        .run({
          eachMessage: async ({ partition, message }) => {
            records.push({ partition, value: message.value!, timestampMs: Number(message.timestamp) })
            if (--missing === 0) resolve()
          },
        })
        .catch(reject)
    })
  } finally {
    await consumer.disconnect()
  }
  return records
}

export async function readEvents(brokers: string, topic: string): Promise<readonly PingEvent[]> {
  return (await readRecords(brokers, topic)).map(({ value }) => {
    const decoded = decode(value)
    if (decoded.kind !== 'event') throw new Error(`not an event: ${JSON.stringify(decoded)}`)
    return decoded.event
  })
}

/** Waits until all rows are published and folded, as the positions say. */
export async function untilSettled(database: TestDatabase, timeout = 20_000): Promise<void> {
  const lag = 'select (select count(*) from pings) * 2 - (select sum(published_seq) + sum(folded_seq) from ping_lanes)::bigint as rows'
  await expect.poll(async () => (await rowsOf<{ rows: bigint }>(database, lag))[0]!.rows, { timeout }).toBe(0n)
}

/**
 * I6, and that each lane of the topic is what a processor can follow: reading it as the lane buffer does
 * (what goes on from the last position is taken, all else dropped), one ends at the head, with every row.
 */
export async function expectPublished(database: TestDatabase, brokers: string, topic: string): Promise<readonly PingEvent[]> {
  const events = await readEvents(brokers, topic)
  const rows = await rowsOf<{ id: string; lane: number; seq: bigint; tag: bigint; ms: bigint }>(
    database,
    'select id, lane, seq, tag, ping_time_ms(pinged_at) as ms from pings',
  )
  const inTopic = new Set(events.map(({ id, lane, seq, tag, timestampMs }) => `${id} ${lane}/${seq}/${tag} ${timestampMs}`))
  expect(rows.map(({ id, lane, seq, tag, ms }) => `${id} ${lane}/${seq}/${tag} ${ms}`).filter(row => !inTopic.has(row))).toEqual([])
  const ends = new Map<number, Position>()
  for (const event of events) {
    const end = ends.get(event.lane) ?? START
    if (event.seq === end.seq + 1n && event.previousTag === end.tag) ends.set(event.lane, { seq: event.seq, tag: event.tag })
  }
  expect([...ends.values()].reduce((sum, { seq }) => sum + seq, 0n)).toBe(BigInt(rows.length))
  expect(await numberingFaults(database)).toEqual([])
  return events
}
