import { create, type MessageInitShape } from '@bufbuild/protobuf'
import {
  CommandSchema,
  LimitsSchema,
  ResourceSchema,
  type Command,
  type Limits as LimitsMessage,
  type Resource,
} from '../../src/gen/semaphore/v1/semaphore_pb.ts'
import { protoState } from '../calls/proto-state.ts'
import type { CommandView, ResourceDetail, ResourceView } from '../terms/reads.ts'
import type { Limits } from '../terms/step.ts'

/** What is read, as messages of the contract. */

export function limitsMessage({ running, waiting, leaseMs, ageingMs, rate }: Limits): LimitsMessage {
  const message: MessageInitShape<typeof LimitsSchema> = { running, waiting, leaseMs: BigInt(leaseMs), ageingMs: BigInt(ageingMs) }
  return create(LimitsSchema, rate === undefined ? message : { ...message, rate: { count: rate.count, windowMs: BigInt(rate.windowMs) } })
}

export function resourceMessage(view: ResourceView | ResourceDetail): Resource {
  const { resource, limits, running, waiting, lastPlace, lastToken } = view
  return create(ResourceSchema, {
    resourceId: resource,
    limits: limitsMessage(limits),
    running: BigInt(running),
    waiting: BigInt(waiting),
    lastPlace,
    lastToken,
    holders: 'holders' in view ? view.holders.map(commandMessage) : [],
  })
}

export function commandMessage(view: CommandView): Command {
  const { commandId, resource, state, priority, place, token, payloadBytes, submittedAtMs } = view
  const { grantedAtMs, leaseUntilMs, endedAtMs, cancelRequestedAtMs } = view
  return create(CommandSchema, {
    commandId,
    resourceId: resource,
    state: protoState(state),
    priority,
    place,
    payloadBytes: BigInt(payloadBytes),
    submittedAtMs: BigInt(submittedAtMs),
    ...(token !== undefined && { token }),
    ...(grantedAtMs !== undefined && { grantedAtMs: BigInt(grantedAtMs) }),
    ...(leaseUntilMs !== undefined && { leaseUntilMs: BigInt(leaseUntilMs) }),
    ...(endedAtMs !== undefined && { endedAtMs: BigInt(endedAtMs) }),
    ...(cancelRequestedAtMs !== undefined && { cancelRequestedAtMs: BigInt(cancelRequestedAtMs) }),
  })
}
