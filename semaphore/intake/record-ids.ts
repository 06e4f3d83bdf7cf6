import type { KafkaMessage } from 'kafkajs'
import { commandIdFault, resourceIdFault } from '../terms/ids.ts'
import { headerText, MalformedRecordError, utf8, wrongHeader } from './record-headers.ts'

/** Where a record is. With its timestamp, a record of a topic that was deleted and created again is another one. */
export interface RecordPlace {
  readonly topic: string
  readonly partition: number
  readonly offset: string
  /** Kafka's, in ms. It is stored with the record, so a redelivery has the same. */
  readonly timestamp: string
}

/** A place as one text, `topic:partition:offset:timestamp`: the id of a command whose record has none. A redelivered record has the same. */
export function placeId({ topic, partition, offset, timestamp }: RecordPlace): string {
  return `${topic}:${partition}:${offset}:${timestamp}`
}

export function placeOf(topic: string, partition: number, { offset, timestamp }: Pick<KafkaMessage, 'offset' | 'timestamp'>): RecordPlace {
  return { topic, partition, offset, timestamp }
}

/** The resource that a record names by its key. Throws `MalformedRecordError`. */
export function resourceOf({ key }: Pick<KafkaMessage, 'key'>): string {
  if (key === null) throw new MalformedRecordError('key: got none, expected the id of a resource')
  const id = utf8(key, 'key')
  const fault = resourceIdFault(id)
  if (fault !== undefined) throw new MalformedRecordError(`key: ${fault}`)
  return id
}

/** The command id of the headers; undefined if they have none. Throws `MalformedRecordError`. */
export function commandIdOf({ headers }: Pick<KafkaMessage, 'headers'>): string | undefined {
  const id = headerText(headers, COMMAND_ID)
  const fault = id === undefined ? undefined : commandIdFault(id)
  if (fault !== undefined) throw new MalformedRecordError(`header ${COMMAND_ID}: ${fault}`)
  return id
}

const COMMAND_ID = 'command-id'

export function missingCommandId(): MalformedRecordError {
  return wrongHeader(COMMAND_ID, 'none', 'the id of a command')
}
