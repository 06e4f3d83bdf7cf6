import { invalidInput } from '../../src/transport/rpc/invalid-input.ts'

/** What requests may contain, the same for RPC and REST. */
export const MAX_PRIORITY = 9
/** Of a limit and of a rate's count: what Postgres' integer holds. */
export const MAX_LIMIT = 2 ** 31 - 1
/** Of a span of time: ten years, in ms. */
export const MAX_MS = 10 * 366 * 86_400_000
/** Maximum number of items in a page. */
export const MAX_PAGE = 1_000
export const DEFAULT_PAGE = 100

/** The value as a number. Throws `InvalidInputError` if it is not in [min, max]. */
export function inRange(field: string, value: number | bigint, min: number, max: number): number {
  if (value >= min && value <= max) return Number(value)
  throw invalidInput(field, value, `an integer from ${min} to ${max}`)
}
