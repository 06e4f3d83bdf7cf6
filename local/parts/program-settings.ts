import { processorSettings, type ProcessorSettings } from '../../processor/settings.ts'
import { redisOptions } from '../../src/counters/settings.ts'
import { kafkaConfig } from '../../src/kafka/settings.ts'
import { readSettings, type Setting } from '../../src/runtime/settings.ts'
import { serverSettings, type ServerSettings } from '../../src/server/settings.ts'
import { environment } from '../environment.ts'
import { pick } from '../launch/system-environment.ts'
import type { LocalSettings } from '../settings.ts'

/** Which settings of the user's shell reach the server and the processor. */
const ALL_RULES = ['passed', 'with KAFKA_BROKERS', 'with REDIS_URL', 'decided here'] as const
type Rule = (typeof ALL_RULES)[number]

const RULES: Readonly<Record<keyof (ServerSettings & ProcessorSettings), Rule>> = {
  logLevel: 'passed',
  corsOrigins: 'passed',
  maxBodyBytes: 'passed',
  leanHttp: 'passed',
  maxBatchBodyBytes: 'passed',
  maxBatchSize: 'passed',
  maxQueueLength: 'passed',
  maxQueueAgeMs: 'passed',
  answerWithinMs: 'passed',
  relayLingerMs: 'passed',
  relayPollMs: 'passed',
  flushRecords: 'passed',
  flushIntervalMs: 'passed',
  tickIntervalMs: 'passed',
  auditIntervalMs: 'passed',
  maxMinutes: 'passed',
  maxOpenRecords: 'passed',

  // Settings of the user's own Kafka or cache would keep the programs from using those that are started here.
  kafkaTopic: 'with KAFKA_BROKERS',
  groupId: 'with KAFKA_BROKERS',
  kafkaTopicPartitions: 'with KAFKA_BROKERS',
  kafkaTopicReplication: 'with KAFKA_BROKERS',
  kafkaTopicRetentionMs: 'with KAFKA_BROKERS',
  kafkaTls: 'with KAFKA_BROKERS',
  kafkaCaFile: 'with KAFKA_BROKERS',
  kafkaCertFile: 'with KAFKA_BROKERS',
  kafkaKeyFile: 'with KAFKA_BROKERS',
  kafkaSaslMechanism: 'with KAFKA_BROKERS',
  kafkaUsername: 'with KAFKA_BROKERS',
  kafkaPassword: 'with KAFKA_BROKERS',
  redisPassword: 'with REDIS_URL',
  redisCaFile: 'with REDIS_URL',

  // Addresses, access and stop times are the same for all parts.
  port: 'decided here',
  hosts: 'decided here',
  kafkaBrokers: 'decided here',
  redisUrl: 'decided here',
  redisHost: 'decided here',
  redisPort: 'decided here',
  databaseUrl: 'decided here',
  dbHost: 'decided here',
  dbPort: 'decided here',
  dbUser: 'decided here',
  dbPassword: 'decided here',
  dbName: 'decided here',
  dbCaFile: 'decided here',
  tlsCertFile: 'decided here',
  tlsKeyFile: 'decided here',
  tlsClientCaFile: 'decided here',
  tokensFile: 'decided here',
  notReadyMs: 'decided here',
  drainMs: 'decided here',
  // A database keeps its number of lanes without this setting; a value from the shell could be refused.
  lanes: 'decided here',
}

/** For the user's own Kafka or cache, whose certificate the user's own CA may have signed. */
export const NODE_CERTIFICATES = ['NODE_EXTRA_CA_CERTS', 'NODE_USE_SYSTEM_CA', 'SSL_CERT_FILE', 'SSL_CERT_DIR']
const TABLE = { ...serverSettings, ...processorSettings }
/** Read by `npm start` itself. */
const READ_HERE = ['HOST', 'PORT', 'PROCESSOR_PORT', 'KAFKA_BROKERS', 'REDIS_URL', 'REDIS_PORT']

export interface ProgramSettings {
  /** The variables of the user's shell that reach the programs. */
  readonly passed: Readonly<Record<string, string>>
  /** The settings of Ping in the user's shell that do not. */
  readonly ignored: readonly string[]
}

/** Which settings of Ping the programs get. Throws `SettingsError`, as the programs themselves would, for those that are wrong. */
export function programSettings({ kafkaBrokers, redisUrl }: LocalSettings, env: NodeJS.ProcessEnv = environment()): ProgramSettings {
  const rules = new Set<Rule>([
    'passed',
    ...(kafkaBrokers.length > 0 ? (['with KAFKA_BROKERS'] as const) : []),
    ...(redisUrl === undefined ? [] : (['with REDIS_URL'] as const)),
  ])
  const passed = pick([...rules].flatMap(namesOf), env)
  const settings = readSettings(TABLE, { ...passed, ...pick(['KAFKA_BROKERS', 'REDIS_URL'], env) })
  kafkaConfig(settings)
  redisOptions(settings)
  const ignored = ALL_RULES.filter(rule => !rules.has(rule))
    .flatMap(namesOf)
    .filter(name => !READ_HERE.includes(name))
  return {
    passed: { ...passed, ...(rules.size > 1 ? pick(NODE_CERTIFICATES, env) : {}) },
    ignored: Object.keys(pick(ignored, env)).toSorted(),
  }
}

/** The settings under a rule, by the variables that carry them. */
export function namesOf(rule: Rule): readonly string[] {
  const settings = Object.entries<Setting<unknown>>(TABLE)
  return settings.filter(([name]) => RULES[name as keyof typeof RULES] === rule).map(([, { env }]) => env)
}
