import type { DescField, DescMessage } from '@bufbuild/protobuf'
import { shownText } from '../../runtime/shown-text.ts'

/** The beginning of the JSON decoder's messages: what it could not decode, and why. */
const CANNOT_DECODE = /^cannot decode (message|field) (\S+) from JSON: ([^]*)$/
/** "expected string, got true". */
const GOT = /^expected [^]*?, got ([^]*)$/
const NULL_ITEM = 'list item must not be null'
const DUPLICATE = /^duplicate object key "([^]*)"$/

/**
 * Rewrites an error of the JSON decoder: names the field by its path, the value got and what is expected, in terms of JSON instead
 * of JavaScript. Undefined: the message is not from the decoder. (`exactJson` has already rejected wrong
 * numbers, wrong names of enum values and malformed JSON.)
 */
export function describeJsonFault(message: string, input: DescMessage): string | undefined {
  const [, kind, name = '', why = ''] = CANNOT_DECODE.exec(message) ?? []
  if (kind === undefined) return undefined
  const duplicate = DUPLICATE.exec(why)?.[1]
  if (duplicate !== undefined) return `request body: got ${shownText(duplicate)} twice, expected it once`
  if (kind === 'field') return ofField(name, why, input)
  const expected = expectedObject(name === input.typeName ? [] : nested(name, input))
  return `${pathOfType(name, input)}: got ${valueText(why)}, expected ${expected}`
}

function ofField(name: string, why: string, input: DescMessage): string | undefined {
  const found = [input, ...input.fields.flatMap(field => field.message ?? [])]
    .flatMap(message => message.fields)
    .find(field => `${field.parent.typeName}.${field.name}` === name)
  if (found === undefined) return undefined
  const path = found.parent === input ? found.name : `${pathOfType(found.parent.typeName, input)}.${found.name}`
  if (why === 'set multiple times') return `${path}: got it twice (as ${found.jsonName} and as ${found.name}), expected it once`
  if (why === NULL_ITEM) return `${path}: got null as an item, expected ${expectedObject(found.message?.fields ?? [])}`
  const [, got] = GOT.exec(why) ?? []
  const expected = found.fieldKind === 'list' ? 'a JSON array' : 'a JSON string'
  return `${path}: got ${got === undefined ? 'a string that is not valid Unicode' : valueText(got)}, expected ${expected}`
}

/** The path of the request's field that has this type. The request itself is called the body. */
function pathOfType(typeName: string, input: DescMessage): string {
  return input.fields.find(field => field.message?.typeName === typeName)?.name ?? 'request body'
}

function nested(typeName: string, input: DescMessage): readonly DescField[] {
  return input.fields.find(field => field.message?.typeName === typeName)?.message?.fields ?? []
}

function expectedObject(fields: readonly DescField[]): string {
  return `a JSON object${fields.length > 0 ? ` with ${fields.map(field => `"${field.jsonName}"`).join(' and ')}` : ' such as {}'}`
}

/** The decoder's text for a value, in terms of JSON. */
function valueText(got: string): string {
  if (got === 'Array(0)') return '[]'
  if (/^Array\(\d+\)$/.test(got)) return 'an array'
  if (got === 'object') return 'an object'
  if (got === 'string') return 'a string of more than 30 characters'
  return got.startsWith('"') ? shownText(got.slice(1, -1)) : got
}
