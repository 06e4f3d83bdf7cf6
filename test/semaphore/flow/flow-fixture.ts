import type { KafkaMessage } from 'kafkajs'
import { GatheringProducer } from '../../../src/kafka/gathering-producer.ts'
import { ensureTopic, createKafka } from '../../../src/kafka/kafka.ts'
import { PartitionReader } from '../../../src/kafka/partition-reader.ts'
import { kafkaSettings, topicSettings } from '../../../src/kafka/settings.ts'
import { readSettings } from '../../../src/runtime/settings.ts'
import { silent } from '../../ledger/ledger-fixture.ts'
import { sharedKafka, startKafka, uniqueName, type KafkaKind, type TestKafka } from '../../support/kafka.ts'
import { startPostgres, testDatabase, type TestPostgres } from '../../support/postgres.ts'
import { startProgram, until, type Program, type ProgramSettings } from '../../support/programs.ts'

const PARTITIONS = 2
const SEMAPHORE = { name: 'semaphore', file: 'semaphore/main.ts', portSetting: 'SEMAPHORE_PORT' }

/** A record of a topic that the semaphore writes. */
export interface SeenRecord {
  readonly resource: string
  readonly commandId: string
  readonly value: string
  readonly token: string | undefined
  readonly headers: Readonly<Record<string, string>>
  /** By performance.now(). */
  readonly seenMs: number
}

export interface Topics {
  readonly requests: string
  readonly events: string
  readonly actionable: string
  readonly outcomes: string
}

/** The semaphore as processes, and the topics around it. */
export interface Flow extends AsyncDisposable {
  readonly brokers: string
  readonly databaseUrl: string
  readonly topics: Topics
  readonly programs: readonly Program[]
  /** What is on the topics so far, with duplicates. */
  readonly actionable: readonly SeenRecord[]
  readonly outcomes: readonly SeenRecord[]
  /** Starts one more. */
  start(settings?: ProgramSettings): Promise<Program>
  request(resource: string | null, value: string | null, headers?: Record<string, string>): Promise<void>
  event(resource: string, headers: Record<string, string>): Promise<void>
  /** Resolves with the record of the command. */
  untilActionable(commandId: string, limitMs?: number): Promise<SeenRecord>
  untilOutcome(commandId: string, outcome: string, limitMs?: number): Promise<SeenRecord>
}

export interface OwnFlow extends Flow {
  readonly postgres: TestPostgres
  readonly kafka: TestKafka
}

export interface FlowOptions {
  readonly kafka?: KafkaKind
  readonly programs?: number
  readonly settings?: ProgramSettings
}

/** On the shared Postgres and Kafka of the test run. */
export async function startFlow(options: FlowOptions = {}): Promise<Flow> {
  const [database, brokers] = await Promise.all([testDatabase(), sharedKafka(options.kafka)])
  return startOn({ brokers, databaseUrl: database.url }, options, () => database.drop())
}

/** On its own Postgres and broker, which may be stopped. */
export async function startOwnFlow(options: FlowOptions = {}): Promise<OwnFlow> {
  const [postgres, kafka] = await Promise.all([startPostgres(), startKafka(options.kafka)])
  const { url: databaseUrl } = await postgres.createDatabase('semaphore')
  const flow = await startOn({ brokers: kafka.brokers, databaseUrl }, options, () => Promise.all([postgres.stop(), kafka.stop()]))
  return { ...flow, postgres, kafka }
}

interface Place {
  readonly brokers: string
  readonly databaseUrl: string
}

async function startOn({ brokers, databaseUrl }: Place, options: FlowOptions, stopParts: () => Promise<unknown>): Promise<Flow> {
  const settings = readSettings({ ...kafkaSettings, ...topicSettings }, { KAFKA_BROKERS: brokers, KAFKA_TOPIC_PARTITIONS: `${PARTITIONS}` })
  const kafka = createKafka(settings, 'test', silent)
  const name = uniqueName('flow')
  const topics = { requests: `${name}.requests`, events: `${name}.events`, actionable: `${name}.actionable`, outcomes: `${name}.outcomes` }
  for (const topic of Object.values(topics)) await ensureTopic(kafka, topic, settings)
  const producer = new GatheringProducer({ kafka })
  const [actionable, outcomes] = [topics.actionable, topics.outcomes].map(topic => followTopic(brokers, topic, PARTITIONS)) as [
    FollowedTopic,
    FollowedTopic,
  ]
  const programs: Program[] = []
  const start = async (own: ProgramSettings = {}): Promise<Program> => {
    const program = await startProgram(SEMAPHORE, { ...placeSettings({ brokers, databaseUrl }, topics), ...options.settings, ...own })
    programs.push(program)
    return program
  }
  const stop = async (): Promise<void> => {
    await Promise.all([
      ...programs.map(program => program.stop()),
      actionable[Symbol.asyncDispose](),
      outcomes[Symbol.asyncDispose](),
      producer.stop(),
    ])
    await stopParts()
  }
  try {
    for (let count = options.programs ?? 1; count > 0; count--) await start()
    await Promise.all(programs.map(program => program.untilReady()))
  } catch (error) {
    await stop()
    throw error
  }
  return {
    brokers,
    databaseUrl,
    topics,
    programs,
    actionable: actionable.seen,
    outcomes: outcomes.seen,
    start,
    request: async (resource, value, headers = {}) => {
      await producer.send({ topic: topics.requests, key: resource, value, headers })
    },
    event: async (resource, headers) => {
      await producer.send({ topic: topics.events, key: resource, value: null, headers })
    },
    untilActionable: (commandId, limitMs) =>
      found(`${commandId} is actionable`, actionable.seen, seen => seen.commandId === commandId, limitMs),
    untilOutcome: (commandId, outcome, limitMs) =>
      found(
        `${commandId} is ${outcome}`,
        outcomes.seen,
        seen => seen.commandId === commandId && seen.headers['outcome'] === outcome,
        limitMs,
      ),
    [Symbol.asyncDispose]: stop,
  }
}

function placeSettings({ brokers, databaseUrl }: Place, topics: Topics): ProgramSettings {
  return {
    DATABASE_URL: databaseUrl,
    KAFKA_BROKERS: brokers,
    SEMAPHORE_REQUEST_TOPIC: topics.requests,
    SEMAPHORE_EVENT_TOPIC: topics.events,
    SEMAPHORE_ACTIONABLE_TOPIC: topics.actionable,
    SEMAPHORE_OUTCOME_TOPIC: topics.outcomes,
    SEMAPHORE_GROUP: topics.requests,
  }
}

export interface FollowedTopic extends AsyncDisposable {
  /** All records so far, with duplicates. */
  readonly seen: readonly SeenRecord[]
}

/** Reads a topic from its first record on. */
export function followTopic(brokers: string, topic: string, partitionCount: number): FollowedTopic {
  const partitions = Array.from({ length: partitionCount }, (_, partition) => partition)
  const seen: SeenRecord[] = []
  const reader = new PartitionReader({
    settings: readSettings(kafkaSettings, { KAFKA_BROKERS: brokers }),
    clientId: 'test',
    topic,
    partitions,
    from: new Map(partitions.map(partition => [partition, 0])),
    maxWaitMs: 100,
    log: silent,
    onRecords: (_, records) => {
      for (const record of records) seen.push(toSeen(record))
    },
  })
  reader.start()
  return { seen, [Symbol.asyncDispose]: () => reader.stop() }
}

function toSeen({ key, value, headers = {} }: KafkaMessage): SeenRecord {
  const texts = Object.fromEntries(Object.entries(headers).map(([name, text]) => [name, String(text)]))
  return {
    resource: String(key),
    commandId: texts['command-id'] ?? '',
    value: String(value),
    token: texts['token'],
    headers: texts,
    seenMs: performance.now(),
  }
}

async function found(
  what: string,
  seen: readonly SeenRecord[],
  matches: (record: SeenRecord) => boolean,
  limitMs?: number,
): Promise<SeenRecord> {
  await until(what, () => seen.some(matches), limitMs)
  return seen.find(matches)!
}
