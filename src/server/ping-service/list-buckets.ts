import { create } from '@bufbuild/protobuf'
import { BucketSchema, ListBucketsResponseSchema, type ListBucketsRequest, type ListBucketsResponse } from '../../gen/ping/v1/ping_pb.ts'
import { ATTRIBUTES } from '../../tracing/names.ts'
import type { Handler } from '../../transport/rpc/call.ts'
import type { PingBuckets } from '../buckets/buckets.ts'
import { COUNT_AGE_HEADER, COUNT_SOURCE_HEADER } from './ping-count.ts'
import { requestedBuckets } from './requested-buckets.ts'

/** Answers the number of pings in each unit of a calendar. */
export function createListBuckets(reader: PingBuckets): Handler<ListBucketsRequest, ListBucketsResponse> {
  return async (request, call) => {
    const { buckets, source, ageMs } = await reader.list(requestedBuckets(request), call.span)
    call.span?.set({ [ATTRIBUTES.source]: source })
    call.responseHeader(COUNT_SOURCE_HEADER, source)
    call.responseHeader(COUNT_AGE_HEADER, String(Math.max(0, Math.ceil(ageMs))))
    return create(ListBucketsResponseSchema, {
      buckets: buckets.map(({ startMs, count }) => create(BucketSchema, { start: startMs, pingCount: count })),
    })
  }
}
