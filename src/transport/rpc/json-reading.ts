import type { DescEnum, DescField, DescMessage } from '@bufbuild/protobuf'
import { shownText } from '../../runtime/shown-text.ts'
import { InvalidInputError } from './invalid-input.ts'
import { boundsOf, ENUM_BOUNDS, jsonInteger } from './json-integer.ts'
import { CLOSE_ARRAY, CLOSE_OBJECT, JsonTokens, OPEN_ARRAY, OPEN_OBJECT } from './json-tokens.ts'

/** An integer of up to 15 digits in canonical form. The decoder and JavaScript numbers represent it exactly. */
const PLAIN_NUMBER = /^"?(?:0|-?[1-9]\d{0,14})"?$/
/** Maximum number of items of a repeated field: no method accepts more, and reading this many does not delay other calls. */
export const MAX_ITEMS = 10_000

/** The largest number with 15 digits. */
const MAX_PLAIN = 10n ** 15n - 1n

/** A replacement of the text from `start` to `end`. */
interface Edit {
  readonly start: number
  readonly end: number
  readonly text: string
}

/** Options of a method whose JSON is read by `exactJson` before it is decoded. */
export function jsonReading(input: DescMessage) {
  const utf8 = new TextDecoder('utf-8', { fatal: true })
  // Connect uses this text decoder, although its public type does not list it. A test checks that.
  return {
    jsonOptions: { ignoreUnknownFields: true, textDecoder: { decode: (bytes: Uint8Array) => exactJson(textOf(utf8, bytes), input) } },
  }
}

/**
 * Rewrites the JSON of a request so that the decoder reads it without loss. The decoder reads numbers as JavaScript does: it rounds
 * long ones, accepts `"0x10"`, `" 5"` and `"007"`, and rejects `"1e3"`. It also ignores unknown names of enum values, so a caller that
 * misspells STRONG would get a cached count. Here integers are exactly those of ProtoJSON, and are replaced by their digits. Throws
 * `InvalidInputError`. All other errors are left to the decoder.
 */
export function exactJson(json: string, input: DescMessage): string {
  const root = parsed(json)
  if (typeof root !== 'object' || root === null || Array.isArray(root)) return json
  const tokens = new JsonTokens(json)
  const edits: Edit[] = []
  tokens.next()
  readObject(tokens, input, '', edits)
  return edits.length === 0 ? json : edited(json, edits)
}

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

/** Reads the rest of an object whose opening brace has been read. The text is known to be valid JSON. */
function readObject(tokens: JsonTokens, { fields }: DescMessage, path: string, edits: Edit[]): void {
  while (tokens.next() !== CLOSE_OBJECT) {
    const name = tokens.string()
    const field = fields.find(one => one.jsonName === name || one.name === name)
    const first = tokens.next()
    if (field === undefined) skipRest(tokens, first)
    else if (field.fieldKind === 'list' && first === OPEN_ARRAY) readList(tokens, field, path + field.name, edits)
    else readItem(tokens, first, field, path + field.name, edits)
  }
}

/** Reads the rest of an array whose opening bracket has been read. */
function readList(tokens: JsonTokens, field: DescField, path: string, edits: Edit[]): void {
  let items = 0
  for (let first = tokens.next(); first !== CLOSE_ARRAY; first = tokens.next()) {
    if (items === MAX_ITEMS) throw new InvalidInputError(`${path}: got more than ${MAX_ITEMS}, expected at most ${MAX_ITEMS}`)
    readItem(tokens, first, field, `${path}[${items++}]`, edits)
  }
}

/** Reads the value of a field, or an item of a repeated field. Its first token has already been read. */
function readItem(tokens: JsonTokens, first: number, field: DescField, path: string, edits: Edit[]): void {
  if (field.fieldKind === 'map') return skipRest(tokens, first)
  if (field.message !== undefined && first === OPEN_OBJECT) return readObject(tokens, field.message, `${path}.`, edits)
  readValue(tokens, field, path, edits)
  skipRest(tokens, first)
}

function readValue(tokens: JsonTokens, field: DescField, path: string, edits: Edit[]): void {
  if (field.enum !== undefined) return readName(tokens, field.enum, path)
  const bounds = field.scalar === undefined ? undefined : boundsOf(field.scalar)
  if (bounds === undefined) return
  const written = tokens.text()
  if (written === 'null' || (bounds.max > MAX_PLAIN && PLAIN_NUMBER.test(written))) return
  const whole = jsonInteger(tokens.isString() ? tokens.string() : written, bounds)
  if (whole === undefined) throw fault(path, written, `an integer from ${bounds.min} to ${bounds.max}, as a JSON number or a string`)
  const text = `"${whole}"`
  if (written !== text) edits.push({ start: tokens.start, end: tokens.end, text })
}

function readName(tokens: JsonTokens, descriptor: DescEnum, path: string): void {
  const written = tokens.text()
  if (written === 'null' || (tokens.isString() && descriptor.values.some(({ name }) => name === tokens.string()))) return
  if (tokens.isString() || jsonInteger(written, ENUM_BOUNDS) === undefined) throw fault(path, written, `one of ${namesOf(descriptor)}`)
}

/** The names of an enum's values, for error messages. */
export function namesOf({ values }: DescEnum): string {
  return values.map(({ name }) => name).join(', ')
}

function fault(path: string, written: string, expected: string): InvalidInputError {
  return new InvalidInputError(`${path}: got ${valueText(written)}, expected ${expected}`)
}

function valueText(token: string): string {
  if (token.startsWith('"')) return shownText(JSON.parse(token) as string)
  if (token === '{') return 'an object'
  if (token === '[') return 'an array'
  return shownText(token).replaceAll('"', '')
}

/** Skips the rest of a value whose first token has been read. */
function skipRest(tokens: JsonTokens, first: number): void {
  let depth = opens(first) ? 1 : 0
  while (depth > 0) {
    const code = tokens.next()
    if (opens(code)) depth++
    else if (code === CLOSE_OBJECT || code === CLOSE_ARRAY) depth--
  }
}

function opens(code: number): boolean {
  return code === OPEN_OBJECT || code === OPEN_ARRAY
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
