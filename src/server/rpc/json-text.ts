import type { DescEnum, DescField, DescMessage } from '@bufbuild/protobuf'
import { shownText } from '../../runtime/shown-text.ts'
import { InvalidInputError } from './invalid-input.ts'
import { boundsOf, ENUM_BOUNDS, wholeNumber } from './whole-number.ts'

/** Strings, brackets, and the words between them: numbers, true, false, null. Read in linear time. */
const TOKEN = /"[^"\\]*(?:\\.[^"\\]*)*"|[[\]{}]|[^\s,:[\]{}"]+/g

/** Most items of a repeated field: above what any method takes, and so few that reading them keeps nobody else waiting. */
const MAX_ITEMS = 10_000

/** Replaces the text from `start` to `end`. */
interface Edit {
  readonly start: number
  readonly end: number
  readonly text: string
}

/** Options of a method: its JSON is read by `exactJson` before it is decoded. */
export function jsonReading(input: DescMessage) {
  const utf8 = new TextDecoder('utf-8', { fatal: true })
  // Connect takes the text decoder from here, though its public type does not name it; a test holds that.
  return { jsonOptions: { ignoreUnknownFields: true, textDecoder: { decode: (bytes: Uint8Array) => exactJson(textOf(utf8, bytes), input) } } }
}

/**
 * The JSON of a request as the decoder takes it without loss. The decoder reads numbers as JavaScript does:
 * it rounds long ones, takes `"0x10"`, `" 5"` and `"007"`, and refuses `"1e3"`; and it ignores unknown names of
 * enums, so that a caller who misspells STRONG would get a cached count. Here whole numbers are exactly those of
 * ProtoJSON, and leave as their digits. Throws `InvalidInputError`. What else may be wrong is left to the decoder.
 */
export function exactJson(json: string, input: DescMessage): string {
  const root = parsed(json)
  if (typeof root !== 'object' || root === null || Array.isArray(root)) return json
  const tokens: Tokens = () => TOKEN.exec(json) ?? endsEarly()
  const edits: Edit[] = []
  TOKEN.lastIndex = 0
  tokens()
  readObject(tokens, input, '', edits)
  return edits.length === 0 ? json : edited(json, edits)
}

type Token = RegExpExecArray
/** The next one. */
type Tokens = () => Token

function textOf(utf8: TextDecoder, bytes: Uint8Array): string {
  try {
    return utf8.decode(bytes)
  } catch (cause) {
    throw new InvalidInputError('request body: got bytes that are not UTF-8, expected JSON in UTF-8', { cause })
  }
}

function parsed(json: string): unknown {
  try {
    return JSON.parse(json)
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause)
    throw new InvalidInputError(`request body: got malformed JSON (${why}), expected a JSON object such as {}`, { cause })
  }
}

/** Reads an object after its opening bracket, to its end. The text is known to be JSON. */
function readObject(tokens: Tokens, { fields }: DescMessage, path: string, edits: Edit[]): void {
  for (let key = tokens(); key[0] !== '}'; key = tokens()) {
    const name = unquoted(key)
    const field = fields.find(one => one.jsonName === name || one.name === name)
    const value = tokens()
    if (field?.fieldKind === 'list' && value[0] === '[') readList(tokens, field, `${path}${field.name}`, edits)
    else readItem(tokens, value, field, `${path}${field?.name}`, edits)
  }
}

/** Reads an array after its opening bracket, to its end. */
function readList(tokens: Tokens, field: DescField, path: string, edits: Edit[]): void {
  let items = 0
  for (let value = tokens(); value[0] !== ']'; value = tokens()) {
    if (items === MAX_ITEMS) throw new InvalidInputError(`${path}: got more than ${MAX_ITEMS}, expected at most ${MAX_ITEMS}`)
    readItem(tokens, value, field, `${path}[${items++}]`, edits)
  }
}

/** Reads the rest of a value whose first token has been read: of a field, or of an item of one that is repeated. */
function readItem(tokens: Tokens, value: Token, field: DescField | undefined, path: string, edits: Edit[]): void {
  if (field?.message !== undefined && field.fieldKind !== 'map' && value[0] === '{') return readObject(tokens, field.message, `${path}.`, edits)
  if (field !== undefined && value[0] !== 'null') readValue(value, field, path, edits)
  skipRest(tokens, value)
}

function readValue(value: Token, field: DescField, path: string, edits: Edit[]): void {
  const bounds = field.scalar === undefined || field.fieldKind === 'map' ? undefined : boundsOf(field.scalar)
  const isString = value[0].startsWith('"')
  if (field.enum !== undefined && field.fieldKind !== 'map') {
    if (isString && field.enum.values.some(({ name }) => name === unquoted(value))) return
    if (isString || wholeNumber(value[0], ENUM_BOUNDS) === undefined) throw fault(path, value, `one of ${namesOf(field.enum)}`)
  } else if (bounds !== undefined) {
    const whole = wholeNumber(isString ? unquoted(value) : value[0], bounds)
    if (whole === undefined) throw fault(path, value, `a whole number from ${bounds.min} to ${bounds.max}, as a JSON number or a string`)
    const text = `"${whole}"`
    if (value[0] !== text) edits.push({ start: value.index, end: value.index + value[0].length, text })
  }
}

/** The names of an enum's values, for messages. */
export function namesOf({ values }: DescEnum): string {
  return values.map(({ name }) => name).join(', ')
}

function fault(path: string, value: Token, expected: string): InvalidInputError {
  return new InvalidInputError(`${path}: got ${valueText(value[0])}, expected ${expected}`)
}

function valueText(token: string): string {
  if (token.startsWith('"')) return shownText(JSON.parse(token) as string)
  if (token === '{') return 'an object'
  if (token === '[') return 'an array'
  return shownText(token).replaceAll('"', '')
}

function unquoted({ 0: token }: Token): string {
  return token.includes('\\') ? (JSON.parse(token) as string) : token.slice(1, -1)
}

/** Reads what is in an object or array whose opening bracket has been read. */
function skipRest(tokens: Tokens, { 0: first }: Token): void {
  let depth = opens(first) ? 1 : 0
  while (depth > 0) {
    const { 0: token } = tokens()
    if (opens(token)) depth++
    else if (token === '}' || token === ']') depth--
  }
}

function opens(token: string): boolean {
  return token === '{' || token === '['
}

function endsEarly(): never {
  throw new InvalidInputError('request body: got JSON that ends early, expected a JSON object such as {}')
}

function edited(json: string, edits: readonly Edit[]): string {
  let result = ''
  let from = 0
  for (const { start, end, text } of edits) {
    result += json.slice(from, start) + text
    from = end
  }
  return result + json.slice(from)
}
