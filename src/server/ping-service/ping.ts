import { create } from '@bufbuild/protobuf'
import { PingResponseSchema, type PingRequest, type PingResponse } from '../../gen/ping/v1/ping_pb.ts'
import type { Handler } from '../../transport/rpc/call.ts'
import type { PingRecorder } from '../recorder/ping-recorder.ts'
import { requestedPing } from './requested-ping.ts'

/** The id under which the ping is recorded. A retry has to send it. */
export const PING_ID_HEADER = 'ping-id'

/** Answers when the ping is committed. */
export function createPing(recorder: PingRecorder): Handler<PingRequest, PingResponse> {
  const answer = create(PingResponseSchema)
  return async (request, call) => {
    const ping = requestedPing(request, call.span)
    // Set before recording, so that a caller that gets an error can retry with the same id.
    call.responseHeader(PING_ID_HEADER, ping.id)
    await recorder.record(ping)
    return answer
  }
}
