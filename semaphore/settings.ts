import { kafkaSettings, topicName, topicSettings } from '../src/kafka/settings.ts'
import { postgresSettings } from '../src/postgres/settings.ts'
import { hostSetting } from '../src/runtime/host-setting.ts'
import { LOG_LEVELS } from '../src/runtime/logger.ts'
import { choice, integer, readSettings, SettingsError, text, type Environment, type SettingsOf } from '../src/runtime/settings.ts'
import { portSettings } from '../src/transport/settings.ts'

/** The limits of a resource that has none of its own. */
const limitSettings = {
  runningLimit: integer('SEMAPHORE_RUNNING_LIMIT', {
    help: 'Maximum number of commands of a resource that run at a time.',
    fallback: 1,
    min: 0,
    max: 1_000_000,
  }),
  waitingLimit: integer('SEMAPHORE_WAITING_LIMIT', {
    help: 'Maximum number of commands of a resource that wait. Further ones are refused.',
    fallback: 1_000,
    min: 0,
    max: 100_000_000,
  }),
  leaseMs: integer('SEMAPHORE_LEASE_MS', {
    help: 'How long the holder of a slot may be silent, in ms. Then its command expires, and the slot is free. 0: a slot is held until its command is finished or cancelled.',
    fallback: 0,
    min: 0,
    max: 31_536_000_000,
  }),
  ageingMs: integer('SEMAPHORE_AGEING_MS', {
    help: 'How much earlier each level of priority puts a command in the queue, in ms. A command that has waited this much longer is served before one with a priority that is higher by 1.',
    fallback: 60_000,
    min: 0,
    max: 31_536_000_000,
  }),
}

const semaphoreTopicSettings = {
  requestTopic: topicName('SEMAPHORE_REQUEST_TOPIC', {
    help: 'The topic from which commands are read: the key is the resource. Records that cannot be decoded go to the topic with this name and the suffix .dead-letter.',
    fallback: 'command-requests',
  }),
  eventTopic: topicName('SEMAPHORE_EVENT_TOPIC', {
    help: 'The topic from which the events of commands are read: finished, cancel and extend. Its dead letters have a topic likewise.',
    fallback: 'command-events',
  }),
  actionableTopic: topicName('SEMAPHORE_ACTIONABLE_TOPIC', {
    help: 'The topic to which each command is written when its turn comes.',
    fallback: 'actionable-commands',
  }),
  outcomeTopic: topicName('SEMAPHORE_OUTCOME_TOPIC', {
    help: 'The topic to which the end of each command is written: finished, cancelled, expired or refused.',
    fallback: 'command-outcomes',
  }),
  groupId: text('SEMAPHORE_GROUP', {
    help: 'Consumer group of the semaphores.',
    expected: 'letters, digits, dots, underscores and hyphens',
    pattern: /^[A-Za-z0-9._-]{1,249}$/,
    fallback: 'semaphore',
  }),
}

/** Every setting of the semaphore. */
export const semaphoreSettings = {
  port: integer('SEMAPHORE_PORT', { help: 'Port of RPC, REST and pages. 0: any free port.', fallback: 8082, min: 0, max: 65_535 }),
  hosts: hostSetting({ help: 'Addresses to listen on. Default: all.', fallback: undefined }),
  logLevel: choice('LOG_LEVEL', LOG_LEVELS, { help: 'Minimum level that is logged. debug logs each call.', fallback: 'info' }),
  ...limitSettings,
  maxCommandBytes: integer('SEMAPHORE_MAX_COMMAND_BYTES', {
    help: 'Maximum size of a command, in bytes. The topics must accept records that are 2 KiB larger.',
    fallback: 65_536,
    min: 1,
    max: 1_000_000,
  }),
  ...semaphoreTopicSettings,
  maxBatchSize: integer('SEMAPHORE_MAX_BATCH_SIZE', {
    help: 'Maximum number of steps in one transaction.',
    fallback: 500,
    min: 1,
    max: 10_000,
  }),
  maxQueueLength: integer('SEMAPHORE_MAX_QUEUE_LENGTH', {
    help: 'Maximum number of steps that wait for Postgres. Further calls are refused at once, and reading of the topics pauses.',
    fallback: 20_000,
    min: 1_000,
    max: 1_000_000,
  }),
  maxQueueAgeMs: integer('SEMAPHORE_MAX_QUEUE_AGE_MS', {
    help: 'Maximum time that the oldest step has waited for Postgres, in ms. While it is exceeded, further calls are refused at once.',
    fallback: 5_000,
    min: 10,
    max: 600_000,
  }),
  answerWithinMs: integer('SEMAPHORE_ANSWER_WITHIN_MS', {
    help: 'Maximum time that a caller waits for Postgres, in ms. After that it gets UNAVAILABLE and has to retry.',
    fallback: 10_000,
    min: 100,
    max: 600_000,
  }),
  leaseGraceMs: integer('SEMAPHORE_LEASE_GRACE_MS', {
    help: 'How long after the end of its lease a command expires, in ms: for an extension that is still on its way.',
    fallback: 500,
    min: 0,
    max: 600_000,
  }),
  leaseTickMs: integer('SEMAPHORE_LEASE_TICK_MS', {
    help: 'Minimum time between two looks for leases that have ended and rates that allow the next grant, in ms.',
    fallback: 25,
    min: 5,
    max: 10_000,
  }),
  relayPollMs: integer('SEMAPHORE_RELAY_POLL_MS', {
    help: 'How often grants and outcomes are looked for that another instance has committed without announcing them, because it has just ended, in ms.',
    fallback: 1_000,
    min: 5,
    max: 2_000,
  }),
  ...portSettings,
  ...postgresSettings,
  ...kafkaSettings,
  ...topicSettings,
}

export type SemaphoreSettings = SettingsOf<typeof semaphoreSettings>

/** The id of a command that has none contains the topic's name: it must not become longer than an id may be. */
const MAX_REQUEST_TOPIC_LENGTH = 140

/** Throws `SettingsError`. */
export function readSemaphoreSettings(env: Environment): SemaphoreSettings {
  const settings = readSettings(semaphoreSettings, env)
  const { requestTopic, eventTopic, actionableTopic, outcomeTopic } = settings
  if (requestTopic.length > MAX_REQUEST_TOPIC_LENGTH)
    throw new SettingsError(
      `${semaphoreSettings.requestTopic.env}: got ${requestTopic.length} characters, expected at most ${MAX_REQUEST_TOPIC_LENGTH}`,
    )
  const topics = [requestTopic, eventTopic, actionableTopic, outcomeTopic]
  const repeated = topics.find((topic, index) => topics.indexOf(topic) < index)
  if (repeated !== undefined)
    throw new SettingsError(`SEMAPHORE_*_TOPIC: got ${JSON.stringify(repeated)} twice, expected four different topics`)
  return settings
}
