import type { KafkaMessage } from 'kafkajs'
import { shownText } from '../../src/runtime/shown-text.ts'
import type { Cancel, Extend, Finish } from '../terms/step.ts'
import type { RecordFields } from './decode-request.ts'
import { headerText, wrongHeader } from './record-headers.ts'
import { commandIdOf, missingCommandId, resourceOf } from './record-ids.ts'

const EVENTS = ['finished', 'cancel', 'extend']
/** The highest number that Postgres' bigint holds. */
const MAX_TOKEN = 2n ** 63n - 1n

/**
 * A record of the events: the key is the resource, the header `command-id` the command, `event` what happens to it (default
 * `finished`), `token` the grant of the sender (optional). With `cancel`, `when` says when a running command's slot is free: `now`
 * (default) or `confirmed`. The value is ignored. Throws `MalformedRecordError`.
 */
export function decodeEvent(record: RecordFields): Finish | Extend | Cancel {
  const { headers } = record
  const resource = resourceOf(record)
  const commandId = commandIdOf(record)
  if (commandId === undefined) throw missingCommandId()
  const token = tokenOf(headers)
  const named = { resource, commandId, ...(token === undefined ? {} : { token }) }
  const event = headerText(headers, 'event') ?? 'finished'
  switch (event) {
    case 'finished':
      return { kind: 'finish', ...named }
    case 'extend':
      return { kind: 'extend', ...named }
    case 'cancel':
      return { kind: 'cancel', ...named, when: whenOf(headers) }
    default:
      throw wrongHeader('event', shownText(event), `one of ${EVENTS.join(', ')}`)
  }
}

function tokenOf(headers: KafkaMessage['headers']): bigint | undefined {
  const text = headerText(headers, 'token')
  if (text === undefined) return undefined
  const token = /^[1-9][0-9]{0,18}$/.test(text) ? BigInt(text) : 0n
  if (token === 0n || token > MAX_TOKEN) throw wrongHeader('token', shownText(text), `an integer from 1 to ${MAX_TOKEN}`)
  return token
}

function whenOf(headers: KafkaMessage['headers']): 'now' | 'confirmed' {
  const text = headerText(headers, 'when') ?? 'now'
  if (text === 'now' || text === 'confirmed') return text
  throw wrongHeader('when', shownText(text), 'now or confirmed')
}
