import { FLUSH_INTERVAL_MS, FRESH_WITHIN_MS, TICK_INTERVAL_MS } from '../src/counters/freshness.ts'
import { hashSettings, redisSettings } from '../src/counters/settings.ts'
import { eventSettings } from '../src/events/settings.ts'
import { kafkaSettings, topicSettings } from '../src/kafka/settings.ts'
import { postgresSettings } from '../src/postgres/settings.ts'
import { hostSetting } from '../src/runtime/host-setting.ts'
import { LOG_LEVELS } from '../src/runtime/logger.ts'
import { choice, integer, readSettings, text, type Environment, type SettingsOf } from '../src/runtime/settings.ts'
import { tracingSettings } from '../src/tracing/settings.ts'

/** The processor's settings. */
export const processorSettings = {
  port: integer('PROCESSOR_PORT', {
    help: 'Port of /livez, /readyz and /metrics. 0: any free port.',
    fallback: 8081,
    min: 0,
    max: 65_535,
  }),
  hosts: hostSetting({ help: 'Addresses to listen on. Default: all.', fallback: undefined }),
  logLevel: choice('LOG_LEVEL', LOG_LEVELS, { help: 'Minimum level that is logged.', fallback: 'info' }),
  groupId: text('KAFKA_GROUP', {
    help: 'Consumer group of the processors.',
    expected: 'letters, digits, dots, underscores and hyphens',
    pattern: /^[A-Za-z0-9._-]{1,249}$/,
    fallback: 'ping-processor',
  }),
  flushRecords: integer('FLUSH_RECORDS', {
    help: 'Maximum number of events that are buffered before a flush.',
    fallback: 1_000,
    min: 1,
    max: 100_000,
  }),
  flushIntervalMs: integer('FLUSH_INTERVAL_MS', {
    help: `Maximum time that an event is buffered, in ms. If this and TICK_INTERVAL_MS together exceed ${FRESH_WITHIN_MS}, some counts come from Postgres.`,
    fallback: FLUSH_INTERVAL_MS,
    min: 1,
    max: 60_000,
  }),
  tickIntervalMs: integer('TICK_INTERVAL_MS', {
    help: `How often the cache is compared with Postgres, in ms. Above ${FRESH_WITHIN_MS - FLUSH_INTERVAL_MS}, some counts come from Postgres. 0 turns it off, for tests.`,
    fallback: TICK_INTERVAL_MS,
    min: 0,
    max: 60_000,
  }),
  auditIntervalMs: integer('AUDIT_INTERVAL_MS', {
    help: 'How often the whole cache is compared with Postgres, in ms.',
    fallback: 60_000,
    min: 100,
    max: 86_400_000,
  }),
  ...hashSettings,
  maxOpenRecords: integer('MAX_OPEN_RECORDS', {
    help: 'Maximum number of records that are read but not yet applied. At this number, reading pauses.',
    fallback: 50_000,
    min: 1_000,
    max: 10_000_000,
  }),
  ...postgresSettings,
  ...kafkaSettings,
  ...eventSettings,
  ...topicSettings,
  ...redisSettings,
  ...tracingSettings,
}

export type ProcessorSettings = SettingsOf<typeof processorSettings>

/** Throws `SettingsError`. */
export function readProcessorSettings(env: Environment): ProcessorSettings {
  return readSettings(processorSettings, env)
}
