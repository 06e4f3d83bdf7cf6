import type { JsonObject, RouteAnswer } from '../../src/transport/http/routes/route.ts'
import type { CommandDetail, CommandView, ResourceDetail, ResourceView } from '../terms/reads.ts'
import type { Limits } from '../terms/step.ts'

/** What is read, as JSON. Fields that are undefined are not sent. */

export function limitsJson({ running, waiting, leaseMs, ageingMs, rate }: Limits): JsonObject {
  return { running, waiting, leaseMs, ageingMs, rate: rate === undefined ? null : { count: rate.count, windowMs: rate.windowMs } }
}

export function resourceJson(view: ResourceView | ResourceDetail): JsonObject {
  const { resource, limits, running, waiting, lastPlace, lastToken } = view
  const holders = 'holders' in view ? view.holders.map(commandJson) : undefined
  return { resourceId: resource, limits: limitsJson(limits), running, waiting, lastPlace, lastToken, holders }
}

export function commandJson(view: CommandView): JsonObject {
  const { commandId, resource, state, priority, place, token, payloadBytes, submittedAtMs } = view
  const { grantedAtMs, leaseUntilMs, cancelRequestedAtMs, endedAtMs } = view
  return {
    commandId,
    resourceId: resource,
    state,
    priority,
    place,
    token,
    payloadBytes,
    submittedAtMs,
    grantedAtMs,
    leaseUntilMs,
    cancelRequestedAtMs,
    endedAtMs,
  }
}

/** With the command itself: as text if it is UTF-8, else in base64. */
export function commandDetailJson(detail: CommandDetail): JsonObject {
  const { ahead, payload } = detail
  return { ...commandJson(detail), ahead, ...(payload !== undefined && payloadJson(payload)) }
}

function payloadJson(payload: Buffer): JsonObject {
  try {
    return { payload: new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(payload) }
  } catch {
    return { payloadBase64: payload.toString('base64') }
  }
}

/** The two ids of a command, which every change answers. What else is known is in headers. */
export function idsAnswer(
  status: number,
  ids: { readonly resource: string; readonly commandId: string },
  facts: { readonly state?: string; readonly repeated?: boolean; readonly place?: bigint; readonly token?: bigint | undefined },
): RouteAnswer {
  const { state, repeated, place, token } = facts
  return {
    status,
    headers: {
      ...(state !== undefined && { 'command-state': state }),
      ...(repeated === true && { 'command-repeated': 'true' }),
      ...(place !== undefined && { 'command-place': String(place) }),
      ...(token !== undefined && { 'command-token': String(token) }),
    },
    json: { resourceId: ids.resource, commandId: ids.commandId },
  }
}
