import { pongSettings } from '../../pong/settings.ts'
import { processorSettings } from '../../processor/settings.ts'
import { semaphoreSettings } from '../../semaphore/settings.ts'
import type { kafkaSettings, topicSettings } from '../../src/kafka/settings.ts'
import type { postgresSettings } from '../../src/postgres/settings.ts'
import type { Setting, SettingsTable } from '../../src/runtime/settings.ts'
import { serverSettings } from '../../src/server/settings.ts'
import { tracingSettings } from '../../src/tracing/settings.ts'
import type { portSettings } from '../../src/transport/settings.ts'
import type { Extra } from '../arguments.ts'

/** When a setting of the user's shell reaches a program. */
export const ALL_RULES = ['passed', 'with KAFKA_BROKERS', 'with REDIS_URL', 'decided here'] as const
export type Rule = (typeof ALL_RULES)[number]

/** Each setting of these tables has a rule. */
type RulesFor<Table extends SettingsTable> = Readonly<Record<keyof Table, Rule>>

/** A program, or several that get the same settings. */
export interface Ruled {
  readonly table: SettingsTable
  readonly rules: Readonly<Record<string, Rule>>
}

/** Settings of the user's own Kafka would keep the programs from using the one that is started here. */
const OF_KAFKA: RulesFor<typeof kafkaSettings & typeof topicSettings> = {
  kafkaBrokers: 'decided here',
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
}

const OF_POSTGRES: RulesFor<typeof postgresSettings> = {
  databaseUrl: 'decided here',
  dbHost: 'decided here',
  dbPort: 'decided here',
  dbUser: 'decided here',
  dbPassword: 'decided here',
  dbName: 'decided here',
  dbCaFile: 'decided here',
}

/** Addresses, access and stop times are the same for all parts. */
const OF_EACH = { port: 'decided here', hosts: 'decided here', logLevel: 'passed' } as const
const OF_A_SERVICE: RulesFor<typeof portSettings> = {
  corsOrigins: 'passed',
  leanHttp: 'passed',
  tlsCertFile: 'decided here',
  tlsKeyFile: 'decided here',
  tlsClientCaFile: 'decided here',
  tokensFile: 'decided here',
  notReadyMs: 'decided here',
  drainMs: 'decided here',
}

/** Each of them is the user's decision, as for any other program. */
const OF_TRACING = Object.fromEntries(Object.keys(tracingSettings).map(name => [name, 'passed'])) as RulesFor<typeof tracingSettings>

/** The server and the processor. */
const OF_PING: RulesFor<typeof serverSettings & typeof processorSettings> = {
  ...OF_EACH,
  ...OF_A_SERVICE,
  ...OF_KAFKA,
  ...OF_POSTGRES,
  ...OF_TRACING,
  maxBodyBytes: 'passed',
  maxBatchBodyBytes: 'passed',
  maxBatchSize: 'passed',
  maxQueueLength: 'passed',
  maxQueueAgeMs: 'passed',
  answerWithinMs: 'passed',
  relayLingerMs: 'passed',
  relayPollMs: 'passed',
  livePage: 'passed',
  flushRecords: 'passed',
  flushIntervalMs: 'passed',
  tickIntervalMs: 'passed',
  auditIntervalMs: 'passed',
  maxMinutes: 'passed',
  maxOpenRecords: 'passed',
  kafkaTopic: 'with KAFKA_BROKERS',
  groupId: 'with KAFKA_BROKERS',
  redisUrl: 'decided here',
  redisHost: 'decided here',
  redisPort: 'decided here',
  redisPassword: 'with REDIS_URL',
  redisCaFile: 'with REDIS_URL',
  // A database keeps its number of lanes without this setting; a value from the shell could be refused.
  lanes: 'decided here',
}

const OF_PONG: RulesFor<typeof pongSettings> = {
  ...OF_EACH,
  ...OF_KAFKA,
  name: 'passed',
  maxSessions: 'passed',
  sessionMs: 'passed',
  groupId: 'with KAFKA_BROKERS',
  requestTopic: 'with KAFKA_BROKERS',
  replyTopic: 'with KAFKA_BROKERS',
}

const OF_SEMAPHORE: RulesFor<typeof semaphoreSettings> = {
  ...OF_EACH,
  ...OF_A_SERVICE,
  ...OF_KAFKA,
  ...OF_POSTGRES,
  runningLimit: 'passed',
  waitingLimit: 'passed',
  leaseMs: 'passed',
  ageingMs: 'passed',
  maxCommandBytes: 'passed',
  maxBatchSize: 'passed',
  maxQueueLength: 'passed',
  maxQueueAgeMs: 'passed',
  answerWithinMs: 'passed',
  leaseGraceMs: 'passed',
  leaseTickMs: 'passed',
  relayPollMs: 'passed',
  groupId: 'with KAFKA_BROKERS',
  requestTopic: 'with KAFKA_BROKERS',
  eventTopic: 'with KAFKA_BROKERS',
  actionableTopic: 'with KAFKA_BROKERS',
  outcomeTopic: 'with KAFKA_BROKERS',
}

/** Which settings of the user's shell reach which programs. */
export const RULED: Readonly<Record<'ping' | Extra, Ruled>> = {
  ping: { table: { ...serverSettings, ...processorSettings }, rules: OF_PING },
  pong: { table: pongSettings, rules: OF_PONG },
  semaphore: { table: semaphoreSettings, rules: OF_SEMAPHORE },
}

/** The settings under a rule, by the variables that carry them. */
export function namesOf(rule: Rule, ruled: readonly Ruled[] = Object.values(RULED)): readonly string[] {
  const names = ruled.flatMap(({ table, rules }) =>
    Object.entries<Setting<unknown>>(table).flatMap(([name, { env }]) => (rules[name] === rule ? [env] : [])),
  )
  return [...new Set(names)]
}
