import { create, ScalarType, type DescEnum, type DescField, type DescMessage, type Message } from '@bufbuild/protobuf'
import { latin1Text } from '../../runtime/latin1-text.ts'
import { MAX_ITEMS } from './json-reading.ts'

/** Types of this package may have a special JSON form. */
const OWN_JSON = 'google.protobuf.'
/** Deeper messages are left to the decoder, which has its own limit. */
const MAX_DEPTH = 16
/** Maximum number of digits of an integer that is certain to be in range and exact as a JavaScript number. */
const MAX_DIGITS = { [ScalarType.INT32]: 9, [ScalarType.INT64]: 15 } as const
const QUOTE = 0x22
const BACKSLASH = 0x5c
const MINUS = 0x2d
const ZERO = 0x30
const NINE = 0x39

/** The text, and the position up to which it has been read. */
interface Cursor {
  readonly text: string
  at: number
}

/** Reads a value. Undefined: it is not plain. */
type Read = (cursor: Cursor, depth: number) => unknown

interface Field {
  readonly name: string
  /** One bit per field, to notice a repeated field. */
  readonly bit: number
  readonly read: Read
}

/**
 * Creates a fast reader for usual JSON of a message: known names, each once, with integers in digits, printable ASCII without
 * escapes, names of enum values, and objects and arrays of these. It reads only what the decoder and `exactJson` would read to the
 * same message. For anything else it returns undefined, and they decide.
 */
export function plainJson(desc: DescMessage): (bytes: Uint8Array) => Message | undefined {
  const read = messageReader(desc, new Map())
  if (read === undefined) return () => undefined
  return bytes => {
    const cursor: Cursor = { text: latin1Text(bytes), at: 0 }
    const message = read(cursor, 0)
    skipSpace(cursor)
    return cursor.at === cursor.text.length ? (message as Message | undefined) : undefined
  }
}

/** Undefined: messages of this type have a special JSON form. */
function messageReader(desc: DescMessage, known: Map<DescMessage, Read>): Read | undefined {
  const seen = known.get(desc)
  if (seen !== undefined) return seen
  if (desc.typeName.startsWith(OWN_JSON) || desc.fields.length > 30) return undefined
  const fields = new Map<string, Field>()
  const read: Read = (cursor, depth) => (depth < MAX_DEPTH ? readObject(cursor, desc, fields, depth) : undefined)
  known.set(desc, read)
  for (const [index, field] of desc.fields.entries()) {
    const readValue = fieldReader(field, known)
    if (readValue === undefined) continue
    const entry = { name: field.localName, bit: 1 << index, read: readValue }
    fields.set(field.jsonName, entry).set(field.name, entry)
  }
  return read
}

function fieldReader(field: DescField, known: Map<DescMessage, Read>): Read | undefined {
  if (field.oneof !== undefined) return undefined
  if (field.fieldKind === 'message') return messageReader(field.message, known)
  if (field.fieldKind === 'enum') return enumReader(field.enum)
  if (field.fieldKind === 'scalar') return scalarReader(field.scalar, field.longAsString)
  if (field.fieldKind !== 'list' || field.listKind === 'enum') return undefined
  const element = field.listKind === 'message' ? messageReader(field.message, known) : scalarReader(field.scalar, field.longAsString)
  return element && ((cursor, depth) => readArray(cursor, element, depth))
}

function scalarReader(type: ScalarType, longAsString: boolean): Read | undefined {
  switch (type) {
    case ScalarType.STRING:
      return readString
    case ScalarType.INT32:
    case ScalarType.SINT32:
    case ScalarType.SFIXED32:
      return cursor => numberFrom(readDigits(cursor, MAX_DIGITS[ScalarType.INT32]))
    case ScalarType.INT64:
    case ScalarType.SINT64:
    case ScalarType.SFIXED64:
      return longAsString ? undefined : cursor => bigIntFrom(readDigits(cursor, MAX_DIGITS[ScalarType.INT64]))
    default:
      return undefined
  }
}

function readObject(cursor: Cursor, desc: DescMessage, fields: ReadonlyMap<string, Field>, depth: number): Message | undefined {
  if (!take(cursor, '{')) return undefined
  const message = create(desc) as Message & Record<string, unknown>
  if (take(cursor, '}')) return message
  let seen = 0
  do {
    skipSpace(cursor)
    const field = fields.get(readString(cursor) ?? '')
    if (field === undefined || (seen & field.bit) !== 0 || !take(cursor, ':')) return undefined
    seen |= field.bit
    skipSpace(cursor)
    const value = field.read(cursor, depth + 1)
    if (value === undefined) return undefined
    message[field.name] = value
  } while (take(cursor, ','))
  return take(cursor, '}') ? message : undefined
}

function readArray(cursor: Cursor, element: Read, depth: number): unknown[] | undefined {
  if (!take(cursor, '[')) return undefined
  const values: unknown[] = []
  if (take(cursor, ']')) return values
  do {
    skipSpace(cursor)
    const value = element(cursor, depth)
    if (value === undefined || values.length === MAX_ITEMS) return undefined
    values.push(value)
  } while (take(cursor, ','))
  return take(cursor, ']') ? values : undefined
}

function readString(cursor: Cursor): string | undefined {
  const { text, at: start } = cursor
  if (text.charCodeAt(start) !== QUOTE) return undefined
  for (let at = start + 1; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (code === QUOTE) {
      cursor.at = at + 1
      return text.slice(start + 1, at)
    }
    if (code < 0x20 || code > 0x7e || code === BACKSLASH) return undefined
  }
  return undefined
}

/** Reads the digits of an integer, with or without quotes. */
function readDigits(cursor: Cursor, maxDigits: number): string | undefined {
  const { text } = cursor
  const quoted = text.charCodeAt(cursor.at) === QUOTE
  const start = quoted ? cursor.at + 1 : cursor.at
  const first = text.charCodeAt(start) === MINUS ? start + 1 : start
  let end = first
  while (text.charCodeAt(end) >= ZERO && text.charCodeAt(end) <= NINE) end++
  // A leading zero must be the only digit and have no sign.
  if (end === first || end - first > maxDigits || (text.charCodeAt(first) === ZERO && end - start > 1)) return undefined
  if (quoted && text.charCodeAt(end) !== QUOTE) return undefined
  if (!quoted && !/[\s,}\]]/.test(text.charAt(end))) return undefined
  cursor.at = quoted ? end + 1 : end
  return text.slice(start, end)
}

function numberFrom(digits: string | undefined): number | undefined {
  return digits === undefined ? undefined : Number(digits)
}

function bigIntFrom(digits: string | undefined): bigint | undefined {
  return digits === undefined ? undefined : BigInt(digits)
}

function enumReader({ typeName, values }: DescEnum): Read | undefined {
  if (typeName.startsWith(OWN_JSON)) return undefined
  const numbers = new Map(values.map(({ name, number }) => [name, number]))
  return cursor => numbers.get(readString(cursor) ?? '')
}

/** Skips white space, then reads one character if it is this one. */
function take(cursor: Cursor, character: string): boolean {
  skipSpace(cursor)
  if (cursor.text[cursor.at] !== character) return false
  cursor.at++
  return true
}

function skipSpace(cursor: Cursor): void {
  for (;;) {
    const code = cursor.text.charCodeAt(cursor.at)
    if (code !== 0x20 && code !== 0x0a && code !== 0x0d && code !== 0x09) return
    cursor.at++
  }
}
