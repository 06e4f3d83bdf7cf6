import { hostname } from 'node:os'
import { kafkaSettings, topicSettings } from '../src/kafka/settings.ts'
import { hostSetting } from '../src/runtime/host-setting.ts'
import { LOG_LEVELS } from '../src/runtime/logger.ts'
import { choice, integer, readSettings, SettingsError, text, type Environment, type SettingsOf } from '../src/runtime/settings.ts'
import { EXPECTED_SERVER_NAME, SERVER_NAME } from './messages/message.ts'

const TOPIC = /^(?!\.{1,2}$)[A-Za-z0-9._-]{1,237}$/
const EXPECTED_TOPIC = 'up to 237 letters, digits, dots, underscores and hyphens; not . or ..'

/** The settings of a pong server. */
export const pongSettings = {
  port: integer('PONG_PORT', { help: 'Port of /livez, /readyz and /metrics. 0: any free port.', fallback: 8083, min: 0, max: 65_535 }),
  hosts: hostSetting({ help: 'Addresses to listen on. Default: all.', fallback: undefined }),
  logLevel: choice('LOG_LEVEL', LOG_LEVELS, { help: 'Minimum level that is logged.', fallback: 'info' }),
  name: text('PONG_NAME', {
    help: 'Name of this server, different from all others. It answers pings to its name and to all. If absent, the name of the host.',
    expected: EXPECTED_SERVER_NAME,
    pattern: SERVER_NAME,
    fallback: undefined,
  }),
  groupId: text('PONG_GROUP', {
    help: 'Consumer group of the servers that share the pings to one. A server reads the others in the group with this name, a dot and its own name.',
    expected: 'up to 48 letters, digits, dots, underscores and hyphens',
    pattern: /^[A-Za-z0-9._-]{1,48}$/,
    fallback: 'pong',
  }),
  requestTopic: text('PONG_REQUEST_TOPIC', {
    help: 'Topic of the pings. Those that cannot be answered go to the topic with this name and the suffix .dead-letter.',
    expected: EXPECTED_TOPIC,
    pattern: TOPIC,
    fallback: 'ping',
  }),
  replyTopic: text('PONG_REPLY_TOPIC', {
    help: 'Topic of the replies. A ping may name another one for its reply if that begins with this name and a dot.',
    expected: EXPECTED_TOPIC,
    pattern: TOPIC,
    fallback: 'pong',
  }),
  maxSessions: integer('PONG_MAX_SESSIONS', {
    help: 'Maximum number of pings whose session is open. At this number those that only wait for an ack give way; if there are none, the partitions wait.',
    fallback: 10_000,
    min: 1,
    max: 1_000_000,
  }),
  sessionMs: integer('PONG_SESSION_MS', {
    help: 'How long a session waits for its ack at most, how long Kafka may refuse a reply before the ping becomes a dead letter, and how long an answered ping is remembered, in ms.',
    fallback: 30_000,
    min: 100,
    max: 3_600_000,
  }),
  ...kafkaSettings,
  ...topicSettings,
}

export type PongSettings = Omit<SettingsOf<typeof pongSettings>, 'name'> & { readonly name: string }

/** Throws `SettingsError`. */
export function readPongSettings(env: Environment): PongSettings {
  const settings = readSettings(pongSettings, env)
  if (settings.requestTopic === settings.replyTopic) {
    throw new SettingsError(`PONG_REPLY_TOPIC: got ${JSON.stringify(settings.replyTopic)}, expected another topic than PONG_REQUEST_TOPIC`)
  }
  return { ...settings, name: settings.name ?? hostName() }
}

function hostName(): string {
  const name = hostname()
  if (SERVER_NAME.test(name)) return name
  throw new SettingsError(`PONG_NAME: got none, and the name of the host is ${JSON.stringify(name)}, expected ${EXPECTED_SERVER_NAME}`)
}
