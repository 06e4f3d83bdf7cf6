import type { KafkaMessage } from 'kafkajs'
import { shownText } from '../../src/runtime/shown-text.ts'
import type { Submit } from '../terms/step.ts'
import { headerText, MalformedRecordError, wrongHeader } from './record-headers.ts'
import { commandIdOf, placeId, resourceOf, type RecordPlace } from './record-ids.ts'

/** The fields of a record that are decoded. */
export type RecordFields = Pick<KafkaMessage, 'key' | 'value' | 'headers'>

/**
 * A record of the requests: the key is the resource, the value the command, and the headers `command-id` and `priority` are optional.
 * Other headers are ignored. Throws `MalformedRecordError`.
 */
export function decodeRequest(record: RecordFields, place: RecordPlace, maxBytes: number): Submit {
  const { value, headers } = record
  const resource = resourceOf(record)
  if (value === null) throw new MalformedRecordError('value: got none, expected a command')
  if (value.length > maxBytes) throw new MalformedRecordError(`value: got ${value.length} bytes, expected at most ${maxBytes}`)
  const commandId = commandIdOf(record) ?? placeId(place)
  return { kind: 'submit', resource, commandId, payload: value, priority: priorityOf(headers) }
}

function priorityOf(headers: KafkaMessage['headers']): number {
  const text = headerText(headers, 'priority')
  if (text === undefined) return 0
  if (!/^[0-9]$/.test(text)) throw wrongHeader('priority', shownText(text), 'a digit from 0 to 9')
  return Number(text)
}
