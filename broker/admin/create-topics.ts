import { describeTopicConfigs, type ConfigEntry } from '../config/describe.ts'
import { checkTopicConfigs } from '../config/log-settings.ts'
import { ERROR, ProtocolError } from '../errors.ts'
import type { Handler } from '../server/handler.ts'
import { oneByOne } from '../server/one-by-one.ts'
import { checkCreatable } from '../topics/names.ts'
import type { NewTopic } from '../topics/topics.ts'
import type { RequestOf, ResponseOf } from '../wire/api.ts'
import { repeated } from '../wire/repeated.ts'
import type { createTopics } from '../wire/tables/create-topics.ts'
import type { AdminOptions } from './admin-options.ts'
import { checkAssignments } from './assignments.ts'
import { refusal, verdictOf } from './verdict.ts'

type Asked = RequestOf<typeof createTopics>['topics'][number]
type Created = ResponseOf<typeof createTopics>['topics'][number]
type Checked = NewTopic & Required<Pick<NewTopic, 'configs'>>

/** Means the default of the broker. */
const DEFAULT = -1
const ONE_REPLICA = 1
const TWICE = refusal(new ProtocolError(ERROR.INVALID_REQUEST, 'got the same topic name more than once, expected it once'))

export function createTopicsHandler(options: AdminOptions): Handler<typeof createTopics> {
  return async ({ topics, validateOnly }) => {
    const twice = repeated(topics.map(({ name }) => name))
    const single = topics.filter(({ name }) => !twice.has(name))
    const created = await oneByOne(single, asked => createTopic(options, asked, validateOnly))
    return { topics: [...created, ...Array.from(twice, name => ({ name, ...TWICE, configs: [] }))] }
  }
}

function createTopic(options: AdminOptions, asked: Asked, isOnlyChecked: boolean): Created {
  const { topics, settings } = options
  const { name } = asked
  let created: Partial<Created> = { configs: [] }
  const verdict = verdictOf('creating a topic', () => {
    checkCreatable(name)
    topics.checkNew(name) // first: an error in the name takes precedence over all others
    const given = checked(options, asked)
    topics.checkNew(name, given)
    const topicId = isOnlyChecked ? undefined : topics.create(name, given).id
    const { partitions: numPartitions = settings.numPartitions, configs } = given
    created = { ...(topicId && { topicId }), numPartitions, replicationFactor: ONE_REPLICA, configs: describedConfigs(options, configs) }
  })
  return { name, ...verdict, ...created }
}

function describedConfigs({ settings }: AdminOptions, configs: Checked['configs']): readonly ConfigEntry[] {
  return describeTopicConfigs(settings, configs).toSorted((a, b) => (a.name < b.name ? -1 : 1))
}

function checked({ settings }: AdminOptions, { configs: given, assignments, numPartitions, replicationFactor }: Asked): Checked {
  const configs = overridesOf(given)
  if (assignments.length > 0) {
    checkUnset('number of partitions', numPartitions)
    checkUnset('replication factor', replicationFactor)
    checkAssignments(assignments, settings.nodeId)
    return { partitions: assignments.length, configs }
  }
  checkPartitions(numPartitions)
  checkReplicationFactor(replicationFactor)
  return { configs, ...(numPartitions !== DEFAULT && { partitions: numPartitions }) }
}

/** If a key is given twice, the last value wins. Throws INVALID_CONFIG. */
function overridesOf(configs: Asked['configs']): ReadonlyMap<string, string> {
  const overrides = new Map<string, string>()
  for (const { name, value } of configs) {
    if (value === null) throw new ProtocolError(ERROR.INVALID_CONFIG, `${name}: got null, expected a value`)
    overrides.set(name, value)
  }
  checkTopicConfigs(overrides)
  return overrides
}

function checkUnset(what: string, given: number): void {
  if (given !== DEFAULT)
    throw new ProtocolError(
      ERROR.INVALID_REQUEST,
      `${what}: got ${given} together with assignments, expected ${DEFAULT}, since the assignments determine it`,
    )
}

function checkPartitions(given: number): void {
  if (given !== DEFAULT && given < 1)
    throw new ProtocolError(
      ERROR.INVALID_PARTITIONS,
      `number of partitions: got ${given}, expected 1 or more, or ${DEFAULT} for the default`,
    )
}

function checkReplicationFactor(given: number): void {
  if (given === DEFAULT || given === ONE_REPLICA) return
  throw new ProtocolError(
    ERROR.INVALID_REPLICATION_FACTOR,
    `replication factor: got ${given}, expected ${ONE_REPLICA} or ${DEFAULT}, since there is only one broker`,
  )
}
