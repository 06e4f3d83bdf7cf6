import type { ErrorCode } from '../errors.ts'
import type { Api } from '../wire/api.ts'
import { asField, type Shape } from '../wire/schema.ts'

type Struct = Readonly<Record<string, unknown>>

/** How lists of answers are called where they answer lists of another name. */
const ANSWERED_BY: Readonly<Record<string, string>> = { topicData: 'responses', partitionData: 'partitionResponses' }
const FETCH_TOPICS = 'responses'

/**
 * An answer that says `code` wherever the API has room for it: at its top, and for each topic and partition that was asked for.
 * Made from the tables: a field of the answer takes the value of the field of the same name, or of the same place, in the request.
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
    ([own, value]) => Array.isArray(value) && (own === name || ANSWERED_BY[own] === name || (name === FETCH_TOPICS && own === 'topics')),
  )
  return ((source?.[1] as unknown[] | undefined) ?? []).map(item => (typeof item === 'object' && item !== null ? (item as Struct) : {}))
}

function askedValue(name: string, asked: Struct): unknown {
  if (Array.isArray(asked[name])) return undefined
  return asked[name] ?? (name === 'partitionIndex' ? asked['partition'] : undefined)
}
