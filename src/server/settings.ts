import { redisSettings } from '../counters/settings.ts'
import { kafkaSettings, topicSettings } from '../events/settings.ts'
import { postgresSettings } from '../ledger/settings.ts'
import { hostSetting } from '../runtime/host-setting.ts'
import { LOG_LEVELS } from '../runtime/logger.ts'
import { choice, flag, integer, list, text, type SettingsOf } from '../runtime/settings.ts'
import { CERT_SETTING, CLIENT_CA_SETTING, KEY_SETTING } from './tls/certificate.ts'

/** Every setting of the server. */
export const serverSettings = {
  port: integer('PORT', { help: 'Port for all protocols; 0: any free one.', fallback: 8080, min: 0, max: 65_535 }),
  hosts: hostSetting({ help: 'Addresses to listen on; absent: all.', fallback: undefined }),
  logLevel: choice('LOG_LEVEL', LOG_LEVELS, { help: 'Least level that is logged; debug shows each call.', fallback: 'info' }),
  corsOrigins: list('CORS_ORIGINS', {
    help: 'Origins whose pages may call from a browser, separated by commas; * is every origin.',
    expected: '* or https://host,https://host:port,…',
    pattern: /^(\*|https?:\/\/[^/\s,]+)$/,
    fallback: ['*'],
  }),
  tlsCertFile: text(CERT_SETTING, {
    help: 'File with the certificate of the port and its chain, in PEM. With it the port speaks TLS only. Read again when it changes.',
    fallback: undefined,
  }),
  tlsKeyFile: text(KEY_SETTING, { help: 'File with the key of TLS_CERT_FILE, in PEM, not encrypted.', fallback: undefined }),
  tlsClientCaFile: text(CLIENT_CA_SETTING, {
    help: 'File with the authorities whose client certificates are accepted; with it every caller but a probe needs one.',
    fallback: undefined,
  }),
  tokensFile: text('TOKENS_FILE', {
    help: 'File with the tokens that callers need, a line each: name, SHA-256 in hex, roles. Absent: everybody may call. Read again when it changes.',
    fallback: undefined,
  }),

  maxBodyBytes: integer('MAX_BODY_BYTES', { help: 'Longest request message, in bytes.', fallback: 65_536, min: 1_024, max: 16_777_216 }),
  maxBatchBodyBytes: integer('MAX_BATCH_BODY_BYTES', {
    help: 'Longest message of PingBatch and PingStream, in bytes. 10 000 pings take 0.5 MB in binary and 0.8 MB or more in JSON.',
    fallback: 2_097_152,
    min: 1_024,
    max: 67_108_864,
  }),

  leanHttp: flag('LEAN_HTTP', {
    help: 'Serve unary Connect calls over HTTP/1.1 by a short way; false: by the handlers of the library, as all other calls. The answers are the same.',
    fallback: true,
  }),

  lanes: integer('LANES', {
    help: 'Lanes of the ledger; absent: as many as the database has, 16 for a new one. A higher number adds lanes, a lower one is refused.',
    fallback: undefined,
    min: 1,
    max: 256,
  }),
  maxBatchSize: integer('MAX_BATCH_SIZE', { help: 'Most pings of one transaction.', fallback: 1_000, min: 1, max: 10_000 }),
  maxQueueLength: integer('MAX_QUEUE_LENGTH', {
    help: 'Most pings that may wait to be recorded, those of batches and streams included; more are refused at once.',
    fallback: 20_000,
    min: 1,
    max: 1_000_000,
  }),
  maxQueueAgeMs: integer('MAX_QUEUE_AGE_MS', {
    help: 'While the oldest queued caller waits longer than this, more are refused at once. In ms.',
    fallback: 2_000,
    min: 10,
    max: 600_000,
  }),
  answerWithinMs: integer('ANSWER_WITHIN_MS', {
    help: 'How long a caller waits for Postgres before it is told to try again, in ms.',
    fallback: 10_000,
    min: 100,
    max: 600_000,
  }),
  relayLingerMs: integer('RELAY_LINGER_MS', {
    help: 'Minimum time between two sends to Kafka, in ms; three times this after a send of fewer than 500 pings.',
    fallback: 20,
    min: 0,
    max: 1_000,
  }),
  relayPollMs: integer('RELAY_POLL_MS', {
    help: 'How often the relay looks for rows that another server recorded, in ms.',
    fallback: 100,
    min: 10,
    max: 2_000,
  }),
  notReadyMs: integer('NOT_READY_MS', {
    help: 'After SIGTERM: how long to serve on while not ready, so that load balancers notice, in ms.',
    fallback: 0,
    min: 0,
    max: 300_000,
  }),
  drainMs: integer('DRAIN_MS', {
    help: 'After that: how long requests in flight may take, in ms.',
    fallback: 15_000,
    min: 0,
    max: 300_000,
  }),

  ...postgresSettings,
  ...redisSettings,
  ...kafkaSettings,
  ...topicSettings,
}

export type ServerSettings = SettingsOf<typeof serverSettings>
