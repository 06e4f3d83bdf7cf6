import { redisSettings } from '../counters/settings.ts'
import { eventSettings } from '../events/settings.ts'
import { kafkaSettings, topicSettings } from '../kafka/settings.ts'
import { postgresSettings } from '../postgres/settings.ts'
import { hostSetting } from '../runtime/host-setting.ts'
import { LOG_LEVELS } from '../runtime/logger.ts'
import { choice, flag, integer, type SettingsOf } from '../runtime/settings.ts'
import { tracingSettings } from '../tracing/settings.ts'
import { portSettings } from '../transport/settings.ts'

/** Every setting of the server. */
export const serverSettings = {
  port: integer('PORT', { help: 'Port for all protocols. 0: any free port.', fallback: 8080, min: 0, max: 65_535 }),
  hosts: hostSetting({ help: 'Addresses to listen on. Default: all.', fallback: undefined }),
  logLevel: choice('LOG_LEVEL', LOG_LEVELS, { help: 'Minimum level that is logged. debug logs each call.', fallback: 'info' }),

  maxBodyBytes: integer('MAX_BODY_BYTES', {
    help: 'Maximum size of a request message, in bytes.',
    fallback: 65_536,
    min: 1_024,
    max: 16_777_216,
  }),
  maxBatchBodyBytes: integer('MAX_BATCH_BODY_BYTES', {
    help: 'Maximum size of a PingBatch or PingStream message, in bytes. 10 000 pings take 0.5 MB in binary and 0.8 MB or more in JSON.',
    fallback: 2_097_152,
    min: 1_024,
    max: 67_108_864,
  }),

  lanes: integer('LANES', {
    help: 'Lanes of the ledger. Default: the number that the database has, or 16 for a new database. A higher number adds lanes. A lower number is rejected.',
    fallback: undefined,
    min: 1,
    max: 256,
  }),
  maxBatchSize: integer('MAX_BATCH_SIZE', { help: 'Maximum number of pings in one transaction.', fallback: 1_000, min: 1, max: 10_000 }),
  maxQueueLength: integer('MAX_QUEUE_LENGTH', {
    help: 'Maximum number of pings that wait to be recorded, including those of PingBatch and PingStream. Further pings are refused at once.',
    fallback: 20_000,
    min: 1,
    max: 1_000_000,
  }),
  maxQueueAgeMs: integer('MAX_QUEUE_AGE_MS', {
    help: 'Maximum time that the oldest queued ping has waited, in ms. While it is exceeded, further pings are refused at once.',
    fallback: 2_000,
    min: 10,
    max: 600_000,
  }),
  answerWithinMs: integer('ANSWER_WITHIN_MS', {
    help: 'Maximum time that a caller waits for Postgres, in ms. After that it gets UNAVAILABLE and has to retry.',
    fallback: 10_000,
    min: 100,
    max: 600_000,
  }),
  relayLingerMs: integer('RELAY_LINGER_MS', {
    help: 'Minimum time between two sends to Kafka, in ms. After a send of fewer than 500 pings it is three times as long.',
    fallback: 20,
    min: 0,
    max: 1_000,
  }),
  relayPollMs: integer('RELAY_POLL_MS', {
    help: 'Interval at which the relay checks for rows that another server recorded, in ms.',
    fallback: 100,
    min: 10,
    max: 2_000,
  }),

  livePage: flag('LIVE_PAGE', {
    help: 'Show the live page at / to browsers. false: / and /page/ do not exist, for browsers as for all other callers.',
    fallback: true,
  }),

  ...portSettings,
  ...postgresSettings,
  ...redisSettings,
  ...kafkaSettings,
  ...eventSettings,
  ...topicSettings,
  ...tracingSettings,
}

export type ServerSettings = SettingsOf<typeof serverSettings>
