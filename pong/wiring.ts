import type { Kafka } from 'kafkajs'
import { DeadLetters } from '../src/kafka/dead-letters.ts'
import { GatheringProducer } from '../src/kafka/gathering-producer.ts'
import { createKafka, ensureTopic } from '../src/kafka/kafka.ts'
import { RecordConsumer } from '../src/kafka/record-consumer.ts'
import type { Logger } from '../src/runtime/logger.ts'
import { Readiness } from '../src/runtime/readiness.ts'
import { retry } from '../src/runtime/retry.ts'
import type { Running } from '../src/runtime/run-program.ts'
import { startStatusServer } from '../src/runtime/status-server.ts'
import { Answerer } from './answerer.ts'
import { Burials } from './burials.ts'
import { Intake, type Share } from './intake.ts'
import { createPongMetrics, type PongMetrics } from './metrics.ts'
import { Notes } from './notes.ts'
import { Replies } from './replies/replies.ts'
import { ReplyPlaces } from './replies/reply-places.ts'
import { Room } from './room.ts'
import { pongSettings, type PongSettings } from './settings.ts'
import { ConsumerState, ReadinessWatch } from './watch-readiness.ts'

const COMMIT_INTERVAL_MS = 500
/** Records are fetched at once; this is how often an idle server asks again. Longer costs less, and makes rebalances and stops slower. */
const MAX_WAIT_MS = 1_000
const TICK_MS = 500
/** Answered pings that are remembered, for each session that may be open. */
const SETTLED_PER_OPEN = 10
/** Of records that are not done: what clients can make the server keep in memory. */
const MAX_OPEN_BYTES = 64 * 1024 * 1024
/** At a stop, replies that are on their way get this time. */
const LAST_REPLIES_MS = 5_000
/** Maximum time of a stop: the last replies, the last commit, leaving the groups. Kill a server only after this time. */
export const STOP_PARTS_MS = 20_000

interface Parts {
  readonly stopping: AbortController
  readonly answerer: Answerer
  readonly replies: Replies
  readonly burials: Burials
  readonly consumers: readonly RecordConsumer[]
  readonly states: readonly ConsumerState[]
}

const nowMs = (): number => performance.now()

/** Starts a pong server. Kafka does not have to run yet: the server waits for it. */
export async function startPong(settings: PongSettings, log: Logger): Promise<Running> {
  const metrics = createPongMetrics()
  const readiness = new Readiness('the server has not joined its consumer groups yet')
  const parts = createParts(settings, log, metrics)
  const { answerer, consumers } = parts
  metrics.watchSessions(() => ({ open: answerer.driver.openSessions, settled: answerer.driver.settledSessions }))
  const watch = new ReadinessWatch(readiness, parts.states)
  const status = await startStatusServer({
    port: settings.port,
    hosts: settings.hosts,
    portSetting: pongSettings.port.env,
    readiness,
    metrics: metrics.registry,
    log,
  })
  const timer = setInterval(() => answerer.driver.tick(), TICK_MS)
  for (const consumer of consumers) consumer.start()
  watch.start()
  log.info({ port: status.port, name: settings.name }, 'pong server started')
  return {
    stop: async () => {
      watch.stop()
      readiness.notReady('stopping')
      await stopParts(parts)
      clearInterval(timer)
      await status.stop()
    },
  }
}

/** Each part gets only parts that were created before it. */
function createParts(settings: PongSettings, log: Logger, metrics: PongMetrics): Parts {
  const { name, requestTopic, replyTopic, sessionMs, maxSessions } = settings
  const kafka = createKafka(settings, 'ping-pong', log)
  const notes = new Notes(log, nowMs)
  // Each record that a client makes malformed would be a line: `notes` has them.
  const silent = log.child({}, { level: 'error' })
  const deadLetters = new DeadLetters({ kafka, topic: requestTopic, topicSettings: settings, headerPrefix: 'pong-', log: silent })
  const burials = new Burials(deadLetters, notes)
  const producer = new GatheringProducer({ kafka, maxQueued: Infinity, retries: 2 })
  const places = new ReplyPlaces(kafka, replyTopic, [requestTopic, deadLetters.topic])
  const replies = new Replies({
    producer,
    retryProducer: new GatheringProducer({ kafka, maxQueued: Infinity, retries: 1 }), // 1: kafkajs' minimum
    places,
    limitMs: sessionMs,
    nowMs,
    metrics,
    note: (line, details) => notes.write(line, details),
  })
  const stopping = new AbortController()
  const prepared = retry(() => prepareReplies(kafka, producer, places, settings), {
    what: 'reply topic',
    log,
    signal: stopping.signal,
  }).catch(() => undefined) // stopped
  const answerer = new Answerer({
    name,
    limitMs: sessionMs,
    maxOpen: maxSessions,
    maxSettled: SETTLED_PER_OPEN * maxSessions,
    nowMs,
    send: (reply, then) => replies.send(reply, then),
    metrics,
    note: (line, details) => notes.write(line, details),
  })
  const room = new Room(answerer.driver, MAX_OPEN_BYTES)
  const consumers = (['shared', 'own'] as const).map(share => {
    const intake = new Intake({ share, name, answerer, burials, room, metrics, nowMs })
    const state = new ConsumerState(nowMs)
    return { state, consumer: createConsumer(share, { settings, kafka, log, intake, state, replies, prepared }) }
  })
  return {
    stopping,
    answerer,
    replies,
    burials,
    consumers: consumers.map(each => each.consumer),
    states: consumers.map(each => each.state),
  }
}

/** So that the first reply waits neither for its topic, nor for the brokers to say that it exists, nor for a connection. */
async function prepareReplies(kafka: Kafka, producer: GatheringProducer, places: ReplyPlaces, settings: PongSettings): Promise<void> {
  await ensureTopic(kafka, settings.replyTopic, settings)
  await places.learn()
  await producer.connect(settings.replyTopic)
}

interface ConsumerParts {
  readonly settings: PongSettings
  readonly kafka: Kafka
  readonly log: Logger
  readonly intake: Intake
  readonly state: ConsumerState
  readonly replies: Replies
  /** The reply topic exists. */
  readonly prepared: Promise<void>
}

/** The servers share one group; each has another one of its own. Pings to all are for the servers that run: a new one answers no old ones. */
function createConsumer(share: Share, { settings, kafka, log, intake, state, replies, prepared }: ConsumerParts): RecordConsumer {
  const { groupId, name, requestTopic } = settings
  return new RecordConsumer({
    kafka,
    topics: [requestTopic],
    groupId: share === 'shared' ? groupId : `${groupId}.${name}`,
    ensure: settings,
    fromBeginning: share === 'shared',
    findStarts: true,
    ready: prepared,
    maxWaitMs: MAX_WAIT_MS,
    commitIntervalMs: COMMIT_INTERVAL_MS,
    log: log.child({ group: share }),
    onBatch: (batch, control) => intake.take(batch, control),
    onPositioned: () => state.positioned(),
    onAnswered: () => state.answered(),
    onReleased: () => state.released(),
    onStopping: () => replies.untilIdle(LAST_REPLIES_MS),
  })
}

/** The consumers take nothing more, wait for the last replies and commit. Then the connections end. */
async function stopParts({ stopping, consumers, replies, burials }: Parts): Promise<void> {
  stopping.abort()
  await Promise.all(consumers.map(consumer => consumer.stop()))
  await burials.stop()
  await replies.stop()
}
