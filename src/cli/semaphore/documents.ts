import { CommandState, type Command, type Limits, type Resource } from '../../gen/semaphore/v1/semaphore_pb.ts'
import type { JsonDocument } from '../output/output.ts'

/** What the semaphore answers, as documents for --json: the names are those of its REST answers. */

const NAMES: Readonly<Record<number, string>> = {
  [CommandState.WAITING]: 'waiting',
  [CommandState.RUNNING]: 'running',
  [CommandState.CANCELLING]: 'cancelling',
  [CommandState.FINISHED]: 'finished',
  [CommandState.CANCELLED]: 'cancelled',
  [CommandState.EXPIRED]: 'expired',
}

export function stateName(state: CommandState): string {
  return NAMES[state] ?? `state ${state}`
}

export function limitsDocument(limits: Limits | undefined): JsonDocument {
  const { running = 0, waiting = 0, leaseMs = 0n, ageingMs = 0n, rate } = limits ?? {}
  return { running, waiting, leaseMs, ageingMs, rate: rate ? { count: rate.count, windowMs: rate.windowMs } : null }
}

export function commandDocument(command: Command): JsonDocument {
  const { commandId, resourceId, state, priority, place, token, payloadBytes, submittedAtMs } = command
  const { grantedAtMs, leaseUntilMs, cancelRequestedAtMs, endedAtMs } = command
  const late = { token, grantedAtMs, leaseUntilMs, cancelRequestedAtMs, endedAtMs }
  return { commandId, resourceId, state: stateName(state), priority, place, payloadBytes, submittedAtMs, ...late }
}

export function resourceDocument({ resourceId, limits, running, waiting, lastPlace, lastToken, holders }: Resource): JsonDocument {
  return {
    resourceId,
    limits: limitsDocument(limits),
    running,
    waiting,
    lastPlace,
    lastToken,
    ...(holders.length > 0 && { holders: holders.map(commandDocument) }),
  }
}
