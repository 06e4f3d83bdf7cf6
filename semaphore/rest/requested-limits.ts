import type { RouteRequest } from '../../src/transport/http/routes/route.ts'
import { invalidInput } from '../../src/transport/rpc/invalid-input.ts'
import { inRange, MAX_LIMIT, MAX_MS } from '../calls/bounds.ts'
import type { Rate, SetLimits } from '../terms/step.ts'
import { jsonBody, shape, wrong } from './requested.ts'

const MAX_OF = { running: MAX_LIMIT, waiting: MAX_LIMIT, leaseMs: MAX_MS, ageingMs: MAX_MS } as const
type Plain = keyof typeof MAX_OF

/** The limits that a JSON body changes: an absent field is unchanged, null is the default again. Throws `InvalidInputError`. */
export function requestedLimits(request: RouteRequest): Omit<SetLimits, 'kind' | 'resource'> {
  const fields = jsonBody(request, [...Object.keys(MAX_OF), 'rate'])
  const changes: { -readonly [Field in keyof Omit<SetLimits, 'kind' | 'resource'>]: SetLimits[Field] } = {}
  for (const [name, max] of Object.entries(MAX_OF)) {
    const value = fields[name]
    if (value !== undefined) changes[name as Plain] = value === null ? null : integer(name, value, 0, max)
  }
  const { rate } = fields
  if (rate !== undefined) changes.rate = rate === null ? null : requestedRate(rate)
  return changes
}

function requestedRate(rate: unknown): Rate {
  if (typeof rate !== 'object' || Array.isArray(rate)) throw wrong('rate', shape(rate), 'an object with count and windowMs, or null')
  const { count, windowMs, ...others } = rate as Readonly<Record<string, unknown>>
  const unknown = Object.keys(others)[0]
  if (unknown !== undefined) throw invalidInput('field of rate', unknown, 'count or windowMs')
  return { count: integer('rate.count', count, 1, MAX_LIMIT), windowMs: integer('rate.windowMs', windowMs, 1, MAX_MS) }
}

function integer(name: string, value: unknown, min: number, max: number): number {
  if (typeof value === 'number' && Number.isSafeInteger(value)) return inRange(name, value, min, max)
  throw wrong(name, shape(value), `an integer from ${min} to ${max}`)
}
