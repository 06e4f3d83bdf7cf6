import { create } from '@bufbuild/protobuf'
import { BucketSchema, ListBucketsResponseSchema, type ListBucketsRequest, type ListBucketsResponse } from '../../gen/ping/v1/ping_pb.ts'
import { ATTRIBUTES } from '../../tracing/names.ts'
import type { Handler } from '../../transport/rpc/call.ts'
import type { PingBuckets } from '../buckets/buckets.ts'
import { COUNT_AGE_HEADER, COUNT_SOURCE_HEADER } from './ping-count.ts'
import { requestedBuckets } from './requested-buckets.ts'
import { WorkTurns } from './work-turns.ts'

/** Answers the number of pings in each unit of a calendar. A long answer takes some 10 ms of the event loop, so calls take turns. */
export function createListBuckets(reader: PingBuckets): Handler<ListBucketsRequest, ListBucketsResponse> {
  const turns = new WorkTurns({ what: 'calls of ListBuckets' })
  return async (request, call) => {
    const question = requestedBuckets(request)
    await turns.begin()
    const { buckets, source, ageMs } = await reader.list(question, call.span)
    const listedMs = performance.now()
    await turns.proceed()
    call.span?.set({ [ATTRIBUTES.source]: source })
    call.responseHeader(COUNT_SOURCE_HEADER, source)
    call.responseHeader(COUNT_AGE_HEADER, String(Math.max(0, Math.ceil(ageMs + performance.now() - listedMs))))
    return create(ListBucketsResponseSchema, {
      buckets: buckets.map(({ startMs, count }) => create(BucketSchema, { start: startMs, pingCount: count })),
    })
  }
}
