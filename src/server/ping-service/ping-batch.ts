import { create } from '@bufbuild/protobuf'
import { PingBatchResponseSchema, type PingBatchRequest, type PingBatchResponse } from '../../gen/ping/v1/ping_pb.ts'
import type { Logger } from '../../runtime/logger.ts'
import type { Handler } from '../../transport/rpc/call.ts'
import type { PingRecorder } from '../recorder/ping-recorder.ts'
import { recordMany, refuseTooMany } from './record-many.ts'

/** Answers when every ping has its result: committed or refused. */
export function createPingBatch(recorder: PingRecorder, log: Logger): Handler<PingBatchRequest, PingBatchResponse> {
  return async ({ pings }, { span }) => {
    refuseTooMany(pings)
    const answer = create(PingBatchResponseSchema)
    // Not as create's second argument: that would copy them.
    answer.results = (await recordMany(pings, { recorder, log, span })) as typeof answer.results
    return answer
  }
}
