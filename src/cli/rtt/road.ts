import type { Kafka, KafkaMessage } from 'kafkajs'
import { BrokerConnections } from '../../kafka/broker-connections.ts'
import { PartitionReader } from '../../kafka/partition-reader.ts'
import type { KafkaSettings, TopicSettings } from '../../kafka/settings.ts'
import { within } from '../../runtime/wait.ts'
import { CliError, EXIT } from '../exit-codes.ts'
import { silentLog } from '../stores/silent-log.ts'
import { FloodSender } from './flood-sender.ts'
import { LeaderWatch } from './leader-watch.ts'
import { measuredTopic } from './measured-topic.ts'
import { PartitionTurns } from './partition-turns.ts'
import { hasHandshake, type RttPlan } from './plan.ts'
import type { ProbeEvent } from './probe-events.ts'
import { ProbeMessages, type OutgoingProbe, type ReadRecord } from './probe-messages.ts'
import { ProbeSender, type SendOutcome } from './probe-sender.ts'

export const CLIENT_ID = 'pingcli-rtt'
const LEADERS_EVERY_MS = 500
/** Of the time to wait: a record that was not taken is refused before it counts as lost. */
const GIVE_UP_AFTER = 0.95
/** kafkajs tries for a minute to send what a frozen broker does not take. */
const CLOSE_WITHIN_MS = 2_000

export interface RoadOptions {
  readonly kafka: Kafka
  readonly settings: KafkaSettings
  readonly topicSettings: TopicSettings
  readonly plan: RttPlan
  /** Own records that were read, and leaders that moved. Nothing is reported before `open` has resolved. */
  readonly onEvent: (event: ProbeEvent) => void
  /** The leaders of the topic cannot be asked any more, with the reason; or can again. */
  readonly onTrouble: (reason: string | undefined) => void
}

/** What a run finds before its first probe. */
export interface Ground {
  readonly brokers: number
  /** Of the request topic. */
  readonly partitions: number
  readonly leaders: ReadonlyMap<number, number>
  readonly turns: PartitionTurns
  readonly messages: ProbeMessages
}

interface Sender {
  start(): Promise<void>
  send(record: OutgoingProbe): Promise<SendOutcome>
  stop(): Promise<void>
}

/** The way of the probes: a producer, and readers without a group. Nothing but the probes stays on the brokers. */
export class Road {
  readonly #options: RoadOptions
  readonly #sender: Sender
  /** kafkajs' own clients would try again for seconds before they say that no broker answers. */
  readonly #connections: BrokerConnections
  readonly #watch: LeaderWatch
  readonly #readers: PartitionReader[] = []
  #leaders: ReadonlyMap<number, number> = new Map()
  #isOpen = false

  constructor(options: RoadOptions) {
    const { kafka, settings, plan, onTrouble } = options
    const { acks, waitMs, topic } = plan
    this.#options = options
    const trouble = (): string | undefined => this.#watch.trouble
    const probes = { kafka, acks, topic, trouble, retryMs: waitMs * GIVE_UP_AFTER }
    this.#sender = plan.flood === undefined ? new ProbeSender(probes) : new FloodSender(probes)
    this.#connections = new BrokerConnections(settings, CLIENT_ID, silentLog)
    const places = () => this.#connections.places(topic)
    this.#watch = new LeaderWatch({ places, intervalMs: LEADERS_EVERY_MS, onLeaders: leaders => this.#lead(leaders), onTrouble })
  }

  /** Resolves when the next offset of every partition that is read is known: what is written from then on is read. */
  async open(): Promise<Ground> {
    const { kafka, plan, topicSettings } = this.#options
    const { topic, replyTopic, to } = plan
    const partitions = await measuredTopic(kafka, topic, topicSettings, '--topic')
    checkPartition(plan, partitions)
    const replies = to === undefined ? 0 : await measuredTopic(kafka, replyTopic, topicSettings, '--reply-topic')
    const turns = new PartitionTurns(plan.partitions, partitions)
    const replyPartition = (partition: number): number => partition % replies
    const messages = new ProbeMessages({
      topic,
      to,
      bytes: plan.bytes,
      handshake: hasHandshake(plan),
      replyTo: partition => ({ topic: replyTopic, partition: replyPartition(partition) }),
    })
    this.#read(topic, turns.used, (record, atMs) => messages.readRequest(record, atMs))
    if (replies > 0)
      this.#read(replyTopic, [...new Set(turns.used.map(replyPartition))], (record, atMs) => messages.readReply(record, atMs))
    await Promise.all([this.#sender.start(), ...this.#readers.map(reader => reader.positioned)])
    await this.#watch.start()
    const brokers = await countBrokers(kafka)
    this.#isOpen = true
    return { brokers, partitions, leaders: this.#leaders, turns, messages }
  }

  /** Never rejects. */
  send(record: OutgoingProbe): Promise<SendOutcome> {
    return this.#sender.send(record)
  }

  /** Waits for answers that are still to come, but not for a broker that gives none. */
  async close(): Promise<void> {
    this.#isOpen = false
    this.#connections.close()
    const closed = Promise.all([this.#sender.stop(), this.#watch.stop(), ...this.#readers.map(reader => reader.stop())])
    await within(CLOSE_WITHIN_MS, 'not closed', closed).catch(() => undefined)
  }

  #read(topic: string, partitions: readonly number[], meaningOf: (record: ReadRecord, atMs: number) => ProbeEvent | undefined): void {
    const onRecords = (_: number, records: Iterable<KafkaMessage>): void => {
      const atMs = performance.now()
      for (const record of records) {
        const event = meaningOf(record, atMs)
        if (event && this.#isOpen) this.#options.onEvent(event)
      }
    }
    const { settings } = this.#options
    const reader = new PartitionReader({ settings, clientId: CLIENT_ID, topic, partitions, from: 'latest', log: silentLog, onRecords })
    this.#readers.push(reader)
    reader.start()
  }

  #lead(leaders: ReadonlyMap<number, number>): void {
    this.#leaders = leaders
    if (this.#isOpen) this.#options.onEvent({ kind: 'leaders', atMs: performance.now(), leaders })
  }
}

async function countBrokers(kafka: Kafka): Promise<number> {
  const admin = kafka.admin()
  try {
    await admin.connect()
    return (await admin.describeCluster()).brokers.length
  } finally {
    await admin.disconnect()
  }
}

function checkPartition({ partitions, topic }: RttPlan, count: number): void {
  if (typeof partitions !== 'number' || partitions < count) return
  throw new CliError(
    EXIT.usage,
    `option '--partition <number>': got ${partitions}, expected 0 to ${count - 1}: the topic ${topic} has ${count} partitions`,
  )
}
