import type { Kafka } from 'kafkajs'
import { DeadLetters } from '../../src/kafka/dead-letters.ts'
import { RecordConsumer } from '../../src/kafka/record-consumer.ts'
import type { TopicSettings } from '../../src/kafka/settings.ts'
import type { Queryable } from '../../src/postgres/connect.ts'
import type { Logger } from '../../src/runtime/logger.ts'
import { within } from '../../src/runtime/wait.ts'
import { readLaneCount } from '../store/lanes.ts'
import { claimPartition, publishRefusals } from '../store/refusals.ts'
import type { Steps } from '../terms/step.ts'
import { decodeEvent } from './decode-event.ts'
import { decodeRequest } from './decode-request.ts'
import { Intake, type Decoder, type IntakeMetrics } from './intake.ts'
import { PatientSteps } from './patient-steps.ts'
import { placeOf } from './record-ids.ts'
import { Refusals } from './refusals.ts'

export interface TopicIntakeOptions {
  readonly kafka: Kafka
  readonly steps: Steps
  /** For refusals; its sessions' search_path leads to the semaphore's tables. */
  readonly db: Queryable
  readonly isRetried: (error: unknown) => boolean
  readonly requestTopic: string
  readonly eventTopic: string
  readonly groupId: string
  readonly topicSettings: TopicSettings
  readonly maxCommandBytes: number
  readonly maxOpen: number
  /** Called after refusals were committed: there are new rows in the outbox. */
  readonly onRefused: () => void
  /** Reading starts when it resolves. */
  readonly ready: Promise<void>
  readonly log: Logger
  readonly metrics: IntakeMetrics
}

const COMMIT_INTERVAL_MS = 500
/** How long the broker holds a fetch without records. It answers at once when there is one. */
const MAX_WAIT_MS = 250
/** After this time, the partitions of an instance that was killed go to the others. Brokers allow no less by default. */
const SESSION_TIMEOUT_MS = 6_000
const FINISH_WITHIN_MS = 3_000
const DEAD_LETTER_HEADER_PREFIX = 'semaphore-'

/** Reads both topics in one group until it is stopped. */
export class TopicIntake {
  readonly #stopping = new AbortController()
  readonly #deadLetters: readonly DeadLetters[]
  readonly #intake: Intake
  readonly #consumer: RecordConsumer
  readonly #log: Logger

  constructor(options: TopicIntakeOptions) {
    const { kafka, requestTopic, eventTopic, groupId, topicSettings, ready, log } = options
    const topics = [requestTopic, eventTopic]
    this.#log = log
    this.#deadLetters = topics.map(topic => new DeadLetters({ kafka, topic, topicSettings, headerPrefix: DEAD_LETTER_HEADER_PREFIX, log }))
    this.#intake = createIntake(options, this.#deadLetters, this.#stopping.signal)
    this.#consumer = new RecordConsumer({
      kafka,
      topics,
      groupId,
      ensure: topicSettings,
      fromBeginning: true,
      maxWaitMs: MAX_WAIT_MS,
      sessionTimeoutMs: SESSION_TIMEOUT_MS,
      commitIntervalMs: COMMIT_INTERVAL_MS,
      ready,
      log,
      onBatch: (batch, control) => this.#intake.take(batch, control),
      onStopping: () => this.#finish(),
    })
  }

  /** Records that are read but not done. */
  get open(): number {
    return this.#intake.open
  }

  start(): void {
    this.#consumer.start()
  }

  /** Commits what is done, and leaves the group. */
  async stop(): Promise<void> {
    await this.#consumer.stop()
    this.#stopping.abort()
    await Promise.all(this.#deadLetters.map(letters => letters.stop()))
  }

  /** Steps that Postgres does not take in time are read again by another instance. */
  async #finish(): Promise<void> {
    await within(FINISH_WITHIN_MS, 'records are still open', this.#intake.idle()).catch(() => undefined)
    const records = this.#intake.open
    if (records > 0) this.#log.info({ records }, 'intake: stopping before these records are done; they will be read again')
    this.#stopping.abort()
  }
}

function createIntake(options: TopicIntakeOptions, deadLetters: readonly DeadLetters[], signal: AbortSignal): Intake {
  const { steps, isRetried, requestTopic, eventTopic, maxCommandBytes, maxOpen, log, metrics } = options
  return new Intake({
    decoders: new Map<string, Decoder>([
      [requestTopic, (message, partition) => decodeRequest(message, placeOf(requestTopic, partition, message), maxCommandBytes)],
      [eventTopic, message => decodeEvent(message)],
    ]),
    steps: new PatientSteps({ steps, isRetried, signal }),
    refusals: createRefusals(options, signal),
    deadLetters: new Map([requestTopic, eventTopic].map((topic, index) => [topic, deadLetters[index]!])),
    maxOpen,
    signal,
    log,
    metrics,
  })
}

function createRefusals({ db, onRefused, log }: TopicIntakeOptions, signal: AbortSignal): Refusals {
  let laneCount: number | undefined
  return new Refusals({
    claim: (reader, partition) => claimPartition(db, reader, partition),
    publish: async refusals => {
      const counts = await publishRefusals(db, (laneCount ??= await readLaneCount(db)), refusals)
      onRefused()
      return counts
    },
    log,
    signal,
  })
}
