import { ERROR } from '../../../broker/errors.ts'
import { createPartitions } from '../../../broker/wire/tables/create-partitions.ts'
import { createTopics } from '../../../broker/wire/tables/create-topics.ts'
import { deleteTopics } from '../../../broker/wire/tables/delete-topics.ts'
import { incrementalAlterConfigs } from '../../../broker/wire/tables/incremental-alter-configs.ts'
import type { PatientConnection } from './patient-connection.ts'

/** The expected state of a topic. */
export interface TopicFacts {
  readonly partitions: number
  readonly retentionMs: string
}

/** A change that may be requested again if the broker was killed before it answered. */
export interface TopicChange {
  readonly kind: 'create' | 'alter' | 'grow' | 'delete'
  readonly name: string
  /** The state after the change; undefined: deleted. */
  readonly after: TopicFacts | undefined
}

const TIMEOUT_MS = 5_000
export const RETENTION = 'retention.ms'
export const TOPIC_RESOURCE = 2
const SET = 0
/** Besides NONE, the error code that is allowed if the change was made already. */
const DONE_BEFORE = {
  create: ERROR.TOPIC_ALREADY_EXISTS,
  alter: ERROR.NONE,
  grow: ERROR.INVALID_PARTITIONS,
  delete: ERROR.UNKNOWN_TOPIC_OR_PARTITION,
} as const

/** Requests it. Returns the error in the answer, or undefined. */
export async function request(connection: PatientConnection, change: TopicChange, isRepeated: boolean): Promise<string | undefined> {
  const code = await ask(connection, change)
  if (code === ERROR.NONE || (isRepeated && code === DONE_BEFORE[change.kind])) return undefined
  return `${change.kind} ${change.name} was answered with error ${code}`
}

async function ask(connection: PatientConnection, { kind, name, after }: TopicChange): Promise<number | undefined> {
  const { partitions = 0, retentionMs = '' } = after ?? {}
  switch (kind) {
    case 'create': {
      const topic = {
        name,
        numPartitions: partitions,
        replicationFactor: 1,
        assignments: [],
        configs: [{ name: RETENTION, value: retentionMs }],
      }
      return (await connection.ask(createTopics, 4, { topics: [topic], timeoutMs: TIMEOUT_MS, validateOnly: false })).topics[0]?.errorCode
    }
    case 'alter': {
      const resource = {
        resourceType: TOPIC_RESOURCE,
        resourceName: name,
        configs: [{ name: RETENTION, configOperation: SET, value: retentionMs }],
      }
      return (await connection.ask(incrementalAlterConfigs, 0, { resources: [resource], validateOnly: false })).responses[0]?.errorCode
    }
    case 'grow': {
      const topic = { name, count: partitions, assignments: null }
      return (await connection.ask(createPartitions, 1, { topics: [topic], timeoutMs: TIMEOUT_MS, validateOnly: false })).results[0]
        ?.errorCode
    }
    case 'delete':
      return (await connection.ask(deleteTopics, 3, { topicNames: [name], timeoutMs: TIMEOUT_MS })).responses[0]?.errorCode
  }
}
