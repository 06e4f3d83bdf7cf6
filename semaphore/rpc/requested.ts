import {
  CancelMode,
  CancelModeSchema,
  LimitName,
  LimitNameSchema,
  type CancelRequest,
  type SetLimitsRequest,
  type SubmitRequest,
} from '../../src/gen/semaphore/v1/semaphore_pb.ts'
import { InvalidInputError, invalidInput } from '../../src/transport/rpc/invalid-input.ts'
import { namesOf } from '../../src/transport/rpc/json-reading.ts'
import { DEFAULT_PAGE, inRange, MAX_LIMIT, MAX_MS, MAX_PAGE, MAX_PRIORITY } from '../calls/bounds.ts'
import type { SubmitCall } from '../calls/semaphore-calls.ts'
import { commandIdFault, resourceIdFault } from '../terms/ids.ts'
import type { PageRequest } from '../terms/reads.ts'
import type { Cancel, SetLimits } from '../terms/step.ts'

/** The checks of requests. They throw `InvalidInputError`, which names the field of the contract. */

export function requestedResource(id: string): string {
  const fault = resourceIdFault(id)
  if (fault === undefined) return id
  throw new InvalidInputError(`resource_id: ${fault}`)
}

export function requestedCommand(id: string): string {
  const fault = commandIdFault(id)
  if (fault === undefined) return id
  throw new InvalidInputError(`command_id: ${fault}`)
}

export function requestedSubmit(request: SubmitRequest, maxPayloadBytes: number): SubmitCall {
  const { resourceId, commandId, payload, priority } = request
  if (payload.length > maxPayloadBytes)
    throw new InvalidInputError(`payload: got ${payload.length} bytes, expected at most ${maxPayloadBytes}`)
  return {
    resource: resourceId === '' ? undefined : requestedResource(resourceId),
    commandId: commandId === '' ? undefined : requestedCommand(commandId),
    payload,
    priority: inRange('priority', priority, 0, MAX_PRIORITY),
  }
}

/** A request that names a command of a resource, and maybe the token of its grant. */
interface Addressed {
  readonly resourceId: string
  readonly commandId: string
  readonly token?: bigint | undefined
}

export function requestedAddress({ resourceId, commandId, token }: Addressed) {
  if (token !== undefined && token < 1n) throw invalidInput('token', token, 'a token of a grant: 1 or more')
  return { resource: requestedResource(resourceId), commandId: requestedCommand(commandId), ...(token !== undefined && { token }) }
}

export function requestedCancel(request: CancelRequest): Omit<Cancel, 'kind'> {
  return { ...requestedAddress(request), when: requestedMode(request.mode) }
}

function requestedMode(mode: number): Cancel['when'] {
  switch (mode) {
    case CancelMode.UNSPECIFIED:
    case CancelMode.NOW:
      return 'now'
    case CancelMode.CONFIRMED:
      return 'confirmed'
    default:
      throw invalidInput('mode', mode, `one of ${namesOf(CancelModeSchema)}`)
  }
}

export function requestedPage({ pageSize, pageToken }: { readonly pageSize: number; readonly pageToken: string }): PageRequest {
  return { limit: inRange('page_size', pageSize, 0, MAX_PAGE) || DEFAULT_PAGE, ...(pageToken !== '' && { after: pageToken }) }
}

/** The limits that get their defaults again. */
type Resets = { -readonly [Field in keyof Omit<SetLimits, 'kind' | 'resource'>]?: null }

const RESET_FIELD: Readonly<Record<number, keyof Resets>> = {
  [LimitName.RUNNING]: 'running',
  [LimitName.WAITING]: 'waiting',
  [LimitName.LEASE_MS]: 'leaseMs',
  [LimitName.AGEING_MS]: 'ageingMs',
  [LimitName.RATE]: 'rate',
}

export function requestedLimits(request: SetLimitsRequest): Omit<SetLimits, 'kind'> {
  const { running, waiting, leaseMs, ageingMs, rate } = request
  const changes = {
    ...(running !== undefined && { running: inRange('running', running, 0, MAX_LIMIT) }),
    ...(waiting !== undefined && { waiting: inRange('waiting', waiting, 0, MAX_LIMIT) }),
    ...(leaseMs !== undefined && { leaseMs: inRange('lease_ms', leaseMs, 0, MAX_MS) }),
    ...(ageingMs !== undefined && { ageingMs: inRange('ageing_ms', ageingMs, 0, MAX_MS) }),
    ...(rate !== undefined && {
      rate: { count: inRange('rate.count', rate.count, 1, MAX_LIMIT), windowMs: inRange('rate.window_ms', rate.windowMs, 1, MAX_MS) },
    }),
  }
  return { resource: requestedResource(request.resourceId), ...changes, ...requestedResets(request.reset, changes) }
}

function requestedResets(reset: readonly LimitName[], changes: object): Resets {
  const resets: Resets = {}
  for (const [index, name] of reset.entries()) {
    const field = RESET_FIELD[name]
    const where = `reset[${index}]`
    if (field === undefined) throw invalidInput(where, name, `one of ${namesOf(LimitNameSchema)}`)
    if (field in changes) throw invalidInput(where, field, 'a limit that the request does not also set')
    resets[field] = null
  }
  return resets
}
