import { isUtf8 } from 'node:buffer'
import { shownText } from '../../src/runtime/shown-text.ts'
import { malformed } from './malformed-error.ts'
import {
  EXPECTED_SERVER_NAME,
  MAX_NAMES,
  SERVER_NAME,
  type Ack,
  type Echo,
  type Message,
  type Ping,
  type Pong,
  type Target,
} from './message.ts'

type Fields = Readonly<Record<string, unknown>>

const TARGETS = `one, all or a list of 1 to ${MAX_NAMES} names`

/** The message in a record's value. Unknown fields are ignored. Throws `MalformedError`. */
export function decode(value: Uint8Array | null): Message {
  const fields = readObject(value)
  switch (fields['type']) {
    case 'ping':
      return ping(fields)
    case 'pong':
      return pong(fields)
    case 'ack':
      return ack(fields)
    case 'echo':
      return echo(fields)
    default:
      throw malformed('type', shown(fields['type']), 'ping, pong, ack or echo')
  }
}

/** People write pings by hand: of a ping only `type` and `seq` are required. */
function ping(fields: Fields): Ping {
  const [seq, padding] = [integer(fields, 'seq', 0), text(fields, 'padding', '')]
  return { type: 'ping', seq, to: target(fields['to']), attempt: integer(fields, 'attempt', 1, 1), padding }
}

function pong(fields: Fields): Pong {
  return {
    type: 'pong',
    seq: integer(fields, 'seq', 0),
    from: serverName(fields['from'], 'from'),
    heldUs: integer(fields, 'heldUs', 0),
    attempt: integer(fields, 'attempt', 1),
    redelivered: flag(fields, 'redelivered'),
    padding: text(fields, 'padding', ''),
  }
}

function ack(fields: Fields): Ack {
  return { type: 'ack', seq: integer(fields, 'seq', 0), to: serverName(fields['to'], 'to') }
}

function echo(fields: Fields): Echo {
  return { type: 'echo', seq: integer(fields, 'seq', 0), padding: text(fields, 'padding', '') }
}

function readObject(value: Uint8Array | null): Fields {
  if (value === null) throw malformed('value', 'none', 'a JSON object')
  if (!isUtf8(value)) throw malformed('value', 'bytes that are not UTF-8', 'a JSON object')
  const parsed = readJson(Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString())
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) throw malformed('value', shown(parsed), 'a JSON object')
  return parsed as Fields
}

function readJson(json: string): unknown {
  try {
    return JSON.parse(json)
  } catch {
    throw malformed('value', `${shownText(json)}, which is not JSON`, 'a JSON object')
  }
}

function integer(fields: Fields, field: string, min: number, fallback?: number): number {
  const value = fields[field] ?? fallback
  if (Number.isSafeInteger(value) && (value as number) >= min) return value as number
  throw malformed(field, shown(value), `an integer from ${min} to 2^53 - 1`)
}

function text(fields: Fields, field: string, fallback: string): string {
  const value = fields[field] ?? fallback
  if (typeof value === 'string') return value
  throw malformed(field, shown(value), 'a string')
}

function flag(fields: Fields, field: string): boolean {
  const value = fields[field]
  if (typeof value === 'boolean') return value
  throw malformed(field, shown(value), 'true or false')
}

function target(value: unknown): Target {
  if (value === undefined || value === 'one') return 'one'
  if (value === 'all') return 'all'
  if (!Array.isArray(value) || value.length === 0 || value.length > MAX_NAMES) throw malformed('to', shown(value), TARGETS)
  return value.map((name: unknown, index) => serverName(name, `to[${index}]`))
}

function serverName(value: unknown, field: string): string {
  if (typeof value === 'string' && SERVER_NAME.test(value)) return value
  throw malformed(field, shown(value), EXPECTED_SERVER_NAME)
}

/** Never the content of an object or an array: it may be large, or too deep to be written. */
function shown(value: unknown): string {
  if (value === undefined) return 'none'
  if (Array.isArray(value)) return `a list of ${value.length}`
  if (typeof value === 'object' && value !== null) return 'an object'
  return typeof value === 'string' ? shownText(value) : String(value)
}
