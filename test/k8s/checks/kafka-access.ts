import { deadLetterTopic } from '../../../src/kafka/dead-letters.ts'
import { ofKind } from '../cluster/of-kind.ts'
import { containersOf, literalEnv } from '../cluster/workloads.ts'
import type { Rendering } from '../project/project.ts'
import type { Resource } from '../project/read-yaml.ts'
import { perRendering } from './check.ts'
import { programOf } from './programs.ts'

/** `topic ping-events: Write`. A user that may read or write may describe, and a user that may write to a topic may do so idempotently. */
type Right = string

export const kafkaAccess = perRendering(
  'give each program a Kafka user with the rights that it uses, and no others',
  ({ resources }: Rendering) => {
    const users = ofKind(resources, 'KafkaUser')
    const needs = neededBy(resources)
    return [
      ...needs.flatMap(({ who, user, secret, rights }) => {
        const found = users.find(({ metadata }) => metadata.name === user)
        if (found === undefined)
          return [`${who}: got the Kafka user ${user}, expected one of ${users.map(({ metadata }) => metadata.name).join(', ')}`]
        const given = rightsOf(found)
        return [
          ...(secret === undefined || secret === user ? [] : [`${who}: got the password of ${secret}, expected that of its user ${user}`]),
          ...rights.filter(right => !given.includes(right)).map(right => `KafkaUser ${user}: lacks ${right}, which ${who} needs`),
          ...given.filter(right => !rights.includes(right)).map(right => `KafkaUser ${user}: has ${right}, which ${who} does not need`),
        ]
      }),
      ...users
        .filter(({ metadata }) => needs.every(({ user }) => user !== metadata.name))
        .map(({ metadata }) => `KafkaUser ${metadata.name}: no program uses it, expected one that a program uses`),
      ...ofListeners(resources),
    ]
  },
)

interface Need {
  readonly who: string
  readonly user: string
  /** Where the password is from, if it is given separately from the user. */
  readonly secret: string | undefined
  readonly rights: readonly Right[]
}

function neededBy(resources: readonly Resource[]): readonly Need[] {
  const programs = containersOf(resources).flatMap(({ where, container }) => {
    const env = literalEnv(container)
    const { KAFKA_USERNAME: user } = env
    if (user === undefined) return []
    const secret = container.env?.find(({ name }) => name === 'KAFKA_PASSWORD')?.valueFrom?.secretKeyRef?.name
    return [{ who: where, user, secret, rights: RIGHTS[programOf(container).file]?.(env) ?? [] }]
  })
  const scalers = ofKind(resources, 'ScaledObject').flatMap(({ metadata, spec }) =>
    spec.triggers.map(({ metadata: trigger, authenticationRef }) => ({
      who: `ScaledObject ${metadata.name}`,
      user: authenticationRef?.name ?? '',
      secret: undefined,
      rights: [`topic ${trigger['topic']}: Describe`, `group ${trigger['consumerGroup']}: Describe`],
    })),
  )
  return [...programs, ...scalers]
}

type Env = Readonly<Record<string, string>>

/** What each program does with Kafka, by the topics and groups that its settings name. */
const RIGHTS: Readonly<Record<string, (env: Env) => readonly Right[]>> = {
  // The relay: src/relay/publisher.ts.
  'src/server/main.ts': ({ KAFKA_TOPIC: topic = '' }) => writes(topic),
  // processor/consumer.ts
  'processor/main.ts': ({ KAFKA_TOPIC: topic = '', KAFKA_GROUP: group = '' }) => [...reads(topic), ...joins(group), ...writesDead(topic)],
  // Two consumers, one in the group of all servers, one in that of this server: pong/wiring.ts.
  'pong/main.ts': ({ PONG_REQUEST_TOPIC: topic = '', PONG_REPLY_TOPIC: replies = '', PONG_GROUP: group = '' }) => [
    ...reads(topic),
    ...joins(group),
    ...joins(`${group}.…`),
    ...writes(replies),
    ...writesDead(topic),
  ],
  // semaphore/intake and semaphore/relay.
  'semaphore/main.ts': env => {
    const [requests = '', events = ''] = [env['SEMAPHORE_REQUEST_TOPIC'], env['SEMAPHORE_EVENT_TOPIC']]
    return [
      ...[requests, events].flatMap(topic => [...reads(topic), ...writesDead(topic)]),
      ...joins(env['SEMAPHORE_GROUP'] ?? ''),
      ...writes(env['SEMAPHORE_ACTIONABLE_TOPIC'] ?? ''),
      ...writes(env['SEMAPHORE_OUTCOME_TOPIC'] ?? ''),
    ]
  },
}

const reads = (topic: string): readonly Right[] => [`topic ${topic}: Describe`, `topic ${topic}: Read`]
const writes = (topic: string): readonly Right[] => [`topic ${topic}: Describe`, `topic ${topic}: Write`]
/** Joins the group and commits offsets. */
const joins = (group: string): readonly Right[] => [`group ${group}: Describe`, `group ${group}: Read`]
/** src/kafka/dead-letters.ts */
const writesDead = (topic: string): readonly Right[] => writes(deadLetterTopic(topic))

function rightsOf({ spec }: ReturnType<typeof ofKind<'KafkaUser'>>[number]): readonly Right[] {
  return (spec?.authorization?.acls ?? []).flatMap(({ resource, operations = [], type = 'allow', host = '*' }) => {
    const what = `${resource.type} ${resource.name}${resource.patternType === 'prefix' ? '…' : ''}${type === 'allow' ? '' : ` (${type})`}${host === '*' ? '' : ` from ${host}`}`
    const implied = operations.some(operation => operation === 'Read' || operation === 'Write') ? ['Describe' as const] : []
    return [...new Set([...implied, ...operations])].map(operation => `${what}: ${operation}`)
  })
}

/** No client reaches Kafka in clear text or without a name. */
function ofListeners(resources: readonly Resource[]): readonly string[] {
  return ofKind(resources, 'Kafka').flatMap(({ metadata, spec }) => [
    ...(spec?.kafka.listeners ?? [])
      .filter(({ tls, authentication }) => !tls || authentication?.type !== 'scram-sha-512')
      .map(
        ({ name, tls, authentication }) =>
          `Kafka ${metadata.name}, listener ${name}: got tls ${tls}, authentication ${authentication?.type}, expected true and scram-sha-512`,
      ),
    ...(spec?.kafka.authorization?.type === 'simple'
      ? []
      : [`Kafka ${metadata.name}: got authorization ${spec?.kafka.authorization?.type}, expected simple`]),
  ])
}
