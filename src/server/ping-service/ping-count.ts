import { create } from '@bufbuild/protobuf'
import { PingCountResponseSchema, type PingCountRequest, type PingCountResponse } from '../../gen/ping/v1/ping_pb.ts'
import { ATTRIBUTES } from '../../tracing/names.ts'
import type { Handler } from '../../transport/rpc/call.ts'
import type { PingCounter } from '../count-reader/ping-counter.ts'
import { requestedCount } from './requested-count.ts'

/** `cache` or `database`: where the count came from. */
export const COUNT_SOURCE_HEADER = 'ping-count-source'
/** Every ping acknowledged more than this many ms before the answer is in the count. */
export const COUNT_AGE_HEADER = 'ping-count-age-ms'

/** Answers the number of pings, in total or in a range. */
export function createPingCount(reader: PingCounter): Handler<PingCountRequest, PingCountResponse> {
  return async (request, call) => {
    const { range, strong } = requestedCount(request)
    const { count, source, ageMs } = await (range === undefined ? reader.total(strong, call.span) : reader.range(range, strong, call.span))
    call.span?.set({ [ATTRIBUTES.source]: source })
    call.responseHeader(COUNT_SOURCE_HEADER, source)
    call.responseHeader(COUNT_AGE_HEADER, String(Math.max(0, Math.ceil(ageMs))))
    return create(PingCountResponseSchema, { pingCount: count })
  }
}
