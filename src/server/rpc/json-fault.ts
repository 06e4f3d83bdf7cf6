import { ScalarType, type DescField, type DescMessage } from '@bufbuild/protobuf'
import { CONSISTENCY_NAMES } from './requested-count.ts'

/** How the JSON decoder begins: what it could not decode, and why. */
const CANNOT_DECODE = /^cannot decode (message|field|enum) (\S+) from JSON: ([^]*)$/
/** "expected bigint (int64), got true" and "expected bigint (int64): abc out of range". */
const GOT = /^expected [^]*?(?:, got ([^]*)|: ([^]*) out of range)$/
const DUPLICATE = /^duplicate object key ("[^]*")$/
const NUMBER = /^-?\d+(?:\.\d+)?(?:e[+-]?\d+)?$/i
const INT64 = `a whole number from ${-(2n ** 63n)} to ${2n ** 63n - 1n}, as a JSON number or a string`

/**
 * What the JSON decoder says of a request, with the field by its path, the value got and what is expected in
 * words of JSON instead of JavaScript's. Undefined: not from the decoder.
 */
export function describeJsonFault(message: string, isSyntax: boolean, input: DescMessage): string | undefined {
  const [, kind, name = '', why = ''] = CANNOT_DECODE.exec(message) ?? []
  if (kind === undefined) return undefined
  if (isSyntax) return `request body: got ill-formed JSON (${why}), expected a JSON object such as {}`
  const duplicate = DUPLICATE.exec(why)?.[1]
  if (duplicate !== undefined) return `request body: got ${duplicate} twice, expected it once`
  if (kind === 'field') return ofField(name, why, input)
  const path = pathOfType(name, input)
  const expected = kind === 'enum' ? `one of ${CONSISTENCY_NAMES.join(', ')}` : expectedObject(name === input.typeName ? [] : nested(name, input))
  return `${path}: got ${valueText(why)}, expected ${expected}`
}

function ofField(name: string, why: string, input: DescMessage): string | undefined {
  const found = [input, ...input.fields.flatMap(field => field.message ?? [])]
    .flatMap(message => message.fields)
    .find(field => `${field.parent.typeName}.${field.name}` === name)
  if (found === undefined) return undefined
  const path = found.parent === input ? found.name : `${pathOfType(found.parent.typeName, input)}.${found.name}`
  if (why === 'set multiple times') return `${path}: got twice (as ${found.jsonName} and as ${found.name}), expected once`
  const [, got, outside] = GOT.exec(why) ?? []
  if (outside !== undefined) return `${path}: got ${NUMBER.test(outside) ? outside : JSON.stringify(outside)}, expected ${expectedValue(found)}`
  return `${path}: got ${got === undefined ? 'text that is no Unicode' : valueText(got)}, expected ${expectedValue(found)}`
}

/** The field of the request that has this type; the request itself is the body. */
function pathOfType(typeName: string, input: DescMessage): string {
  return input.fields.find(field => (field.message ?? field.enum)?.typeName === typeName)?.name ?? 'request body'
}

function nested(typeName: string, input: DescMessage): readonly DescField[] {
  return input.fields.find(field => field.message?.typeName === typeName)?.message?.fields ?? []
}

function expectedObject(fields: readonly DescField[]): string {
  return `a JSON object${fields.length > 0 ? ` with ${fields.map(field => `"${field.jsonName}"`).join(' and ')}` : ' such as {}'}`
}

function expectedValue(field: DescField): string {
  return field.scalar === ScalarType.INT64 ? INT64 : 'a JSON string'
}

/** The decoder's word for a value, in JSON's words. */
function valueText(got: string): string {
  if (got === 'Array(0)') return '[]'
  if (/^Array\(\d+\)$/.test(got)) return 'an array'
  if (got === 'object') return 'an object'
  if (got === 'string') return 'a string of more than 30 characters'
  return got
}
