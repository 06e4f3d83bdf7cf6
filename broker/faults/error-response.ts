import type { ErrorCode } from '../errors.ts'
import type { Api } from '../wire/api.ts'
import { asField, type Shape } from '../wire/schema.ts'

type Struct = Readonly<Record<string, unknown>>

/** The names of lists in a response that differ from those in the request. */
const RESPONSE_LISTS: Readonly<Record<string, string>> = { topicData: 'responses', partitionData: 'partitionResponses' }
const FETCH_TOPICS = 'responses'

/**
 * A response with `code` in every field for an error code: at the top level, and for each topic and partition of the request. It is built
 * from the tables: a field of the response gets the value of the field with the same name in the request, or of the one that corresponds to it.
 */
export function errorResponse(api: Api, request: unknown, code: ErrorCode): Struct {
  return fill(api.response, request as Struct, code)
}

function fill(shape: Shape, asked: Struct, code: ErrorCode): Struct {
  const filled: Record<string, unknown> = {}
  for (const [name, entry] of Object.entries(shape)) {
    const { type, absent } = asField(entry)
    if (name === 'errorCode') filled[name] = code
    else if (type.name === '[]struct') filled[name] = askedList(name, asked).map(item => fill(type.shape!, item, code))
    else filled[name] = askedValue(name, asked) ?? absent
  }
  return filled
}

function askedList(name: string, asked: Struct): readonly Struct[] {
  const source = Object.entries(asked).find(
    ([own, value]) => Array.isArray(value) && (own === name || RESPONSE_LISTS[own] === name || (name === FETCH_TOPICS && own === 'topics')),
  )
  return ((source?.[1] as unknown[] | undefined) ?? []).map(item => (typeof item === 'object' && item !== null ? (item as Struct) : {}))
}

function askedValue(name: string, asked: Struct): unknown {
  if (Array.isArray(asked[name])) return undefined
  return asked[name] ?? (name === 'partitionIndex' ? asked['partition'] : undefined)
}
