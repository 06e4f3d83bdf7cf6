import { deadLetterTopic } from '../../../src/kafka/dead-letters.ts'
import { ofKind } from '../cluster/of-kind.ts'
import { containersOf, literalEnv } from '../cluster/workloads.ts'
import type { Rendering } from '../project/project.ts'
import type { Resource } from '../project/read-yaml.ts'
import { perRendering } from './check.ts'

export const partitions = perRendering(
  'have as many lanes, partitions, processors and brokers as belong together',
  ({ resources }: Rendering) => {
    const topics = ofKind(resources, 'KafkaTopic')
    const environments = containersOf(resources).map(({ where, container }) => ({ where, env: literalEnv(container) }))
    const used = environments
      .filter(({ env }) => env['KAFKA_TOPIC'] !== undefined)
      .map(({ where, env }) => ({ where, topic: env['KAFKA_TOPIC']! }))
    const [{ topic: name } = { topic: '' }] = used
    return [
      ...used.flatMap(({ where, topic }) =>
        [topic, deadLetterTopic(topic)]
          .filter(needed => topics.every(({ metadata }) => metadata.name !== needed))
          .map(needed => `${where}: needs the topic ${needed}, expected a KafkaTopic of that name`),
      ),
      ...used
        .filter(({ topic }) => topic !== name)
        .map(({ where, topic }) => `${where}: got the topic ${topic}, expected that of the others, ${name}`),
      ...ofOtherTopics(resources),
      ...ofLanes(environments, topics.find(({ metadata }) => metadata.name === name)?.spec?.partitions),
      ...ofProcessors(resources, topics.find(({ metadata }) => metadata.name === name)?.spec?.partitions ?? 0),
      ...ofReplicas(resources),
      ...ofOwners(resources),
    ]
  },
)

function ofLanes(
  environments: readonly { readonly where: string; readonly env: Readonly<Record<string, string>> }[],
  topicPartitions = 0,
): readonly string[] {
  const stated = environments
    .filter(({ env }) => env['LANES'] !== undefined)
    .map(({ where, env }) => ({ where, lanes: Number(env['LANES']) }))
  const [{ lanes: first } = { lanes: 0 }] = stated
  return [
    ...stated
      .filter(({ lanes }) => lanes !== first)
      .map(({ where, lanes }) => `${where}: got LANES ${lanes}, expected that of the others, ${first}`),
    ...(topicPartitions > 0 && first % topicPartitions === 0
      ? []
      : [`KafkaTopic: got ${topicPartitions} partitions, expected a number that divides LANES ${first}`]),
  ]
}

const READ = ['PONG_REQUEST_TOPIC', 'SEMAPHORE_REQUEST_TOPIC', 'SEMAPHORE_EVENT_TOPIC']
const WRITTEN = ['PONG_REPLY_TOPIC', 'SEMAPHORE_ACTIONABLE_TOPIC', 'SEMAPHORE_OUTCOME_TOPIC']

/** The topics of pong and the semaphore, and no more readers than one that is shared has partitions. */
function ofOtherTopics(resources: readonly Resource[]): readonly string[] {
  const topics = ofKind(resources, 'KafkaTopic')
  const partitionsOf = (name: string) => topics.find(({ metadata }) => metadata.name === name)?.spec?.partitions
  return containersOf(resources).flatMap(({ where, container, workload }) => {
    const env = literalEnv(container)
    const [read, written] = [READ, WRITTEN].map(names => names.flatMap(name => env[name] ?? [])) as [string[], string[]]
    const needed = [...read, ...read.map(deadLetterTopic), ...written]
    return [
      ...needed
        .filter(name => partitionsOf(name) === undefined)
        .map(name => `${where}: needs the topic ${name}, expected a KafkaTopic of that name`),
      ...read
        .filter(name => (partitionsOf(name) ?? 0) < workload.replicas)
        .map(
          name =>
            `${workload.title}: got ${workload.replicas} replicas, expected no more than the ${partitionsOf(name)} partitions of ${name}`,
        ),
    ]
  })
}

/** If there are more processors than partitions, the extra ones have nothing to read. */
function ofProcessors(resources: readonly Resource[], topicPartitions: number): readonly string[] {
  const fixed = ofKind(resources, 'Deployment')
    .filter(({ metadata }) => metadata.name === 'ping-processor')
    .map(({ spec }) => spec?.replicas ?? 1)
  const scaled = ofKind(resources, 'ScaledObject').map(({ spec }) => spec.maxReplicaCount ?? Infinity)
  return [...fixed, ...scaled]
    .filter(most => most > topicPartitions)
    .map(most => `Deployment ping-processor: up to ${most} replicas, expected no more than the ${topicPartitions} partitions of its topic`)
}

function ofReplicas(resources: readonly Resource[]): readonly string[] {
  const brokers = ofKind(resources, 'KafkaNodePool')
    .filter(({ spec }) => spec?.roles.includes('broker'))
    .reduce((sum, { spec }) => sum + (spec?.replicas ?? 0), 0)
  const ofKafka = ofKind(resources, 'Kafka').flatMap(({ spec }) =>
    Object.entries((spec?.kafka.config ?? {}) as Record<string, unknown>).filter(([name]) => name.endsWith('replication.factor')),
  )
  const [defaults = {}] = ofKind(resources, 'Kafka').map(({ spec }) => (spec?.kafka.config ?? {}) as Record<string, unknown>)
  return [
    ...ofKind(resources, 'KafkaTopic').flatMap(({ metadata, spec }) => {
      const config = (spec?.config ?? {}) as Readonly<Record<string, unknown>>
      const replicas = spec?.replicas ?? Number(defaults['default.replication.factor'])
      const inSync = Number(config['min.insync.replicas'] ?? defaults['min.insync.replicas'])
      const isRight = replicas === Math.min(3, brokers) && inSync === (replicas > 1 ? replicas - 1 : 1)
      return isRight
        ? []
        : [
            `KafkaTopic ${metadata.name}: got ${replicas} replicas, ${inSync} in sync, for ${brokers} brokers, expected one for each, up to three, and one less in sync`,
          ]
    }),
    ...ofKafka
      .filter(([, factor]) => factor !== Math.min(3, brokers))
      .map(([name, factor]) => `Kafka, ${name}: got ${factor}, expected ${Math.min(3, brokers)}, as there are ${brokers} brokers`),
  ]
}

/** A Deployment with replicas next to its autoscaler: each apply would undo the autoscaler's number. */
function ofOwners(resources: readonly Resource[]): readonly string[] {
  const scaled = [
    ...ofKind(resources, 'HorizontalPodAutoscaler').map(({ spec }) => spec?.scaleTargetRef.name),
    ...ofKind(resources, 'ScaledObject').map(({ spec }) => spec.scaleTargetRef.name),
  ]
  return ofKind(resources, 'Deployment')
    .filter(({ metadata, spec }) => scaled.includes(metadata.name) && spec?.replicas !== undefined)
    .map(({ metadata, spec }) => `Deployment ${metadata.name}: got replicas ${spec?.replicas}, expected none next to an autoscaler`)
}
