import { commandIdFault, resourceIdFault } from '../terms/ids.ts'
import type { Step } from '../terms/step.ts'

/** What a step may contain. */
export interface StepBounds {
  /** Maximum size of a payload, in bytes. */
  readonly maxPayloadBytes: number
}

const MAX_PRIORITY = 9
/** Postgres' integer. */
const MAX_LIMIT = 2 ** 31 - 1
/** Ten years, so that no time overflows. */
const MAX_MS = 10 * 366 * 86_400_000
const MAX_TOKEN = 2n ** 63n - 1n

/** What is wrong with a step, as "NAME: got X, expected Y"; undefined if it is valid. One bad step must not fail the others of its batch. */
export function stepFault(step: Step, bounds: StepBounds): string | undefined {
  const resource = resourceIdFault(step.resource)
  if (resource) return `resource: ${resource}`
  if (step.kind === 'limits') return limitsFault(step)
  const command = commandIdFault(step.commandId)
  if (command) return `command id: ${command}`
  if (step.kind === 'submit') {
    const { priority = 0, payload } = step
    if (payload.length > bounds.maxPayloadBytes) return `payload: got ${payload.length} bytes, expected at most ${bounds.maxPayloadBytes}`
    return rangeFault('priority', priority, MAX_PRIORITY)
  }
  const { token = 0n } = step
  return token < 0n || token > MAX_TOKEN ? `token: got ${token}, expected 1 to ${MAX_TOKEN}` : undefined
}

function limitsFault(step: Extract<Step, { kind: 'limits' }>): string | undefined {
  const { running, waiting, leaseMs, ageingMs, rate } = step
  return (
    rangeFault('running', running, MAX_LIMIT) ??
    rangeFault('waiting', waiting, MAX_LIMIT) ??
    rangeFault('lease in ms', leaseMs, MAX_MS) ??
    rangeFault('ageing in ms', ageingMs, MAX_MS) ??
    rangeFault('rate count', rate?.count, MAX_LIMIT, 1) ??
    rangeFault('rate window in ms', rate?.windowMs, MAX_MS, 1)
  )
}

function rangeFault(name: string, value: number | null | undefined, max: number, min = 0): string | undefined {
  if (value === undefined || value === null) return undefined
  return Number.isInteger(value) && value >= min && value <= max
    ? undefined
    : `${name}: got ${value}, expected an integer from ${min} to ${max}`
}
