import { shownText } from '../../src/runtime/shown-text.ts'
import type { RouteRequest } from '../../src/transport/http/routes/route.ts'
import { InvalidInputError, invalidInput } from '../../src/transport/rpc/invalid-input.ts'
import { DEFAULT_PAGE, inRange, MAX_PAGE } from '../calls/bounds.ts'
import { commandIdFault, resourceIdFault } from '../terms/ids.ts'
import type { PageRequest } from '../terms/reads.ts'

/** The checks of requests. They throw `InvalidInputError`, which names the parameter, the header or the field. */

const MAX_TOKEN = 2n ** 63n - 1n
const DIGITS = /^[0-9]{1,19}$/

export function requestedResource({ parameters }: RouteRequest): string {
  const id = parameters['resourceId'] ?? ''
  const fault = resourceIdFault(id)
  if (fault === undefined) return id
  throw new InvalidInputError(`resourceId: ${fault}`)
}

export function requestedCommand({ parameters }: RouteRequest): string {
  return checkedCommand('commandId', parameters['commandId'] ?? '')
}

export function checkedCommand(name: string, id: string): string {
  const fault = commandIdFault(id)
  if (fault === undefined) return id
  throw new InvalidInputError(`${name}: ${fault}`)
}

/** The parameters of the query, each at most once. A name that is not in `names` is refused: it may be a mistyped `token`. */
export function queryFields({ query }: RouteRequest, names: readonly string[]): ReadonlyMap<string, string> {
  const fields = new Map<string, string>()
  for (const [name, value] of query) {
    if (!names.includes(name)) throw invalidInput('query parameter', name, names.length === 0 ? 'none' : `one of ${names.join(', ')}`)
    if (fields.has(name)) throw wrong(`query parameter ${name}`, 'it twice', 'it once')
    fields.set(name, value)
  }
  return fields
}

/** A token of a grant, in digits. */
export function requestedToken(text: string | undefined): { readonly token?: bigint } {
  if (text === undefined) return {}
  const token = DIGITS.test(text) ? BigInt(text) : 0n
  if (token >= 1n && token <= MAX_TOKEN) return { token }
  throw invalidInput('token', text, `an integer from 1 to ${MAX_TOKEN}`)
}

export function requestedInteger(name: string, text: string, min: number, max: number): number {
  if (!DIGITS.test(text)) throw invalidInput(name, text, `an integer from ${min} to ${max}`)
  return inRange(name, BigInt(text), min, max)
}

export function requestedChoice<Choice extends string>(name: string, text: string, choices: readonly Choice[]): Choice {
  const found = choices.find(choice => choice === text)
  if (found !== undefined) return found
  throw invalidInput(name, text, `one of ${choices.join(', ')}`)
}

export function requestedPage(request: RouteRequest): PageRequest {
  const fields = queryFields(request, ['limit', 'after'])
  const limit = fields.get('limit')
  const after = fields.get('after')
  return {
    limit: limit === undefined ? DEFAULT_PAGE : requestedInteger('limit', limit, 1, MAX_PAGE),
    ...(after !== undefined && { after }),
  }
}

/** The body as a JSON object whose fields are all in `names`. */
export function jsonBody({ body }: RouteRequest, names: readonly string[]): Readonly<Record<string, unknown>> {
  const value = parsed(body)
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw wrong('request body', shape(value), 'a JSON object')
  const unknown = Object.keys(value).find(name => !names.includes(name))
  if (unknown !== undefined) throw invalidInput('field', unknown, `one of ${names.join(', ')}`)
  return value as Readonly<Record<string, unknown>>
}

function parsed(body: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body))
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    throw new InvalidInputError(`request body: got bytes that are not JSON (${shownText(why)}), expected a JSON object`)
  }
}

/** As `invalidInput`, for what is not a text of the caller. */
export function wrong(field: string, got: string, expected: string): InvalidInputError {
  return new InvalidInputError(`${field}: got ${got}, expected ${expected}`)
}

/** A value of JSON in a few words, for messages. */
export function shape(value: unknown): string {
  if (Array.isArray(value)) return 'an array'
  if (typeof value === 'object' && value !== null) return 'an object'
  return typeof value === 'string' ? shownText(value) : (JSON.stringify(value) ?? 'none')
}
