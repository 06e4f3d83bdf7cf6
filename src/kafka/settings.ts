import type { KafkaConfig, SASLOptions } from 'kafkajs'
import { addressList } from '../runtime/address.ts'
import { settingFiles } from '../runtime/setting-file.ts'
import { choice, flag, integer, SettingsError, text, type Setting, type SettingsOf } from '../runtime/settings.ts'
import { kafkajsBroker } from './socket-factory.ts'

/** Where Kafka is. */
export const kafkaSettings = {
  kafkaBrokers: addressList('KAFKA_BROKERS', { help: 'Bootstrap brokers, separated by commas.', fallback: ['127.0.0.1:9092'] }),
  kafkaTls: flag('KAFKA_TLS', { help: 'Use TLS for connections to Kafka.', fallback: false }),
  kafkaCaFile: text('KAFKA_CA_FILE', { help: 'File with the CA certificate of the brokers, for KAFKA_TLS.', fallback: undefined }),
  kafkaCertFile: text('KAFKA_CERT_FILE', {
    help: 'File with the client certificate, for KAFKA_TLS.',
    fallback: undefined,
  }),
  kafkaKeyFile: text('KAFKA_KEY_FILE', { help: 'File with the private key of KAFKA_CERT_FILE.', fallback: undefined }),
  kafkaSaslMechanism: choice('KAFKA_SASL_MECHANISM', ['plain', 'scram-sha-256', 'scram-sha-512'], {
    help: 'SASL mechanism for Kafka. If absent, Ping does not authenticate.',
    fallback: undefined,
  }),
  kafkaUsername: text('KAFKA_USERNAME', { help: 'User name for KAFKA_SASL_MECHANISM.', fallback: undefined }),
  kafkaPassword: text('KAFKA_PASSWORD', { help: 'Password for KAFKA_SASL_MECHANISM.', fallback: undefined, secret: true }),
}

/** The name of a topic; it leaves room for the suffix of a dead-letter topic. */
export function topicName(env: string, { help, fallback }: { readonly help: string; readonly fallback: string }): Setting<string> {
  return text(env, {
    help,
    expected: 'up to 237 letters, digits, dots, underscores and hyphens; not . or ..',
    pattern: /^(?!\.{1,2}$)[A-Za-z0-9._-]{1,237}$/,
    fallback,
  })
}

/** How the topic is created if it is missing; an existing topic is not changed. */
export const topicSettings = {
  kafkaTopicPartitions: integer('KAFKA_TOPIC_PARTITIONS', {
    help: 'Partitions of the topic, if Ping creates it.',
    fallback: 4,
    min: 1,
    max: 1000,
  }),
  kafkaTopicReplication: notZero(
    integer('KAFKA_TOPIC_REPLICATION', {
      help: 'Replicas of each partition, if Ping creates the topic; -1: the default of the broker.',
      fallback: -1,
      min: -1,
      max: 100,
    }),
  ),
  kafkaTopicRetentionMs: integer('KAFKA_TOPIC_RETENTION_MS', {
    help: 'How long the topic keeps records, if Ping creates it, in ms; -1: forever.',
    fallback: 7 * 24 * 60 * 60 * 1000,
    min: -1,
    max: 1e14,
  }),
}

function notZero(setting: Setting<number>): Setting<number> {
  return { ...setting, expected: `${setting.expected}, not 0`, parse: got => setting.parse(got) || undefined }
}

export type KafkaSettings = SettingsOf<typeof kafkaSettings>
export type TopicSettings = SettingsOf<typeof topicSettings>

/** How to connect. Throws `SettingsError` for settings that contradict each other or files that can't be read. */
export function kafkaConfig(settings: KafkaSettings): Pick<KafkaConfig, 'brokers' | 'ssl' | 'sasl'> {
  const { kafkaBrokers, kafkaTls, kafkaCaFile, kafkaCertFile, kafkaKeyFile } = settings
  const config: Pick<KafkaConfig, 'brokers' | 'ssl' | 'sasl'> = { brokers: kafkaBrokers.map(kafkajsBroker) }
  if (!kafkaTls && (kafkaCaFile ?? kafkaCertFile ?? kafkaKeyFile) !== undefined) {
    throw new SettingsError('KAFKA_TLS: got false together with KAFKA_CA_FILE, KAFKA_CERT_FILE or KAFKA_KEY_FILE, expected true')
  }
  if ((kafkaCertFile === undefined) !== (kafkaKeyFile === undefined)) {
    throw new SettingsError('KAFKA_CERT_FILE, KAFKA_KEY_FILE: got one of them, expected both or neither')
  }
  if (kafkaTls) {
    config.ssl = settingFiles({
      ca: { setting: 'KAFKA_CA_FILE', file: kafkaCaFile },
      cert: { setting: 'KAFKA_CERT_FILE', file: kafkaCertFile },
      key: { setting: 'KAFKA_KEY_FILE', file: kafkaKeyFile },
    })
  }
  const sasl = saslOptions(settings)
  return sasl ? { ...config, sasl } : config
}

function saslOptions({ kafkaSaslMechanism: mechanism, kafkaUsername, kafkaPassword }: KafkaSettings): SASLOptions | undefined {
  if (mechanism === undefined) {
    if ((kafkaUsername ?? kafkaPassword) === undefined) return undefined
    throw new SettingsError(
      'KAFKA_SASL_MECHANISM: got none together with KAFKA_USERNAME or KAFKA_PASSWORD, expected plain, scram-sha-256 or scram-sha-512',
    )
  }
  if (kafkaUsername === undefined || kafkaPassword === undefined) {
    throw new SettingsError(`KAFKA_USERNAME, KAFKA_PASSWORD: expected both with KAFKA_SASL_MECHANISM ${mechanism}`)
  }
  return { mechanism, username: kafkaUsername, password: kafkaPassword }
}
