import { create } from '@bufbuild/protobuf'
import {
  CancelResponseSchema,
  ExtendResponseSchema,
  FinishResponseSchema,
  SetLimitsResponseSchema,
  SubmitResponseSchema,
  type CancelRequest,
  type CancelResponse,
  type ExtendRequest,
  type ExtendResponse,
  type FinishRequest,
  type FinishResponse,
  type SetLimitsRequest,
  type SetLimitsResponse,
  type SubmitRequest,
  type SubmitResponse,
} from '../../src/gen/semaphore/v1/semaphore_pb.ts'
import type { Handler } from '../../src/transport/rpc/call.ts'
import { protoState } from '../calls/proto-state.ts'
import type { SemaphoreCalls } from '../calls/semaphore-calls.ts'
import { limitsMessage } from './messages.ts'
import { requestedAddress, requestedCancel, requestedLimits, requestedSubmit } from './requested.ts'

/** The handlers of methods that change something. Each answers after the commit. */

export function createSubmit(calls: SemaphoreCalls, maxPayloadBytes: number): Handler<SubmitRequest, SubmitResponse> {
  return async request => {
    const { resource, state, token, ...rest } = await calls.submit(requestedSubmit(request, maxPayloadBytes))
    return create(SubmitResponseSchema, { ...rest, resourceId: resource, state: protoState(state), ...given(token) })
  }
}

export function createFinish(calls: SemaphoreCalls): Handler<FinishRequest, FinishResponse> {
  return async request => {
    const { state, repeated, token } = await calls.finish(requestedAddress(request))
    return create(FinishResponseSchema, { state: protoState(state), repeated, ...given(token) })
  }
}

export function createExtend(calls: SemaphoreCalls): Handler<ExtendRequest, ExtendResponse> {
  return async request => {
    const leaseUntilMs = await calls.extend(requestedAddress(request))
    return create(ExtendResponseSchema, leaseUntilMs === undefined ? {} : { leaseUntilMs: BigInt(leaseUntilMs) })
  }
}

export function createCancel(calls: SemaphoreCalls): Handler<CancelRequest, CancelResponse> {
  return async request => {
    const { state, repeated, token } = await calls.cancel(requestedCancel(request))
    return create(CancelResponseSchema, { state: protoState(state), repeated, ...given(token) })
  }
}

export function createSetLimits(calls: SemaphoreCalls): Handler<SetLimitsRequest, SetLimitsResponse> {
  return async request => create(SetLimitsResponseSchema, { limits: limitsMessage(await calls.setLimits(requestedLimits(request))) })
}

function given(token: bigint | undefined): { token?: bigint } {
  return token === undefined ? {} : { token }
}
