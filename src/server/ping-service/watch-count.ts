import { create } from '@bufbuild/protobuf'
import type { HandlerContext } from '@connectrpc/connect'
import { CountSource, WatchCountResponseSchema, type WatchCountRequest, type WatchCountResponse } from '../../gen/ping/v1/ping_pb.ts'
import { watchUntilEnded } from '../../transport/rpc/watch-until-ended.ts'
import type { Count } from '../count-reader/count.ts'
import type { TotalWatch } from '../watch/total-watch.ts'

const SOURCE = { cache: CountSource.CACHE, database: CountSource.DATABASE }

type WatchCount = (request: WatchCountRequest, context: HandlerContext) => AsyncGenerator<WatchCountResponse>

/** Answers totals until the caller leaves, its deadline passes, or the server drains: `stopping`. */
export function createWatchCount(totals: Pick<TotalWatch, 'watch'>, stopping: AbortSignal): WatchCount {
  return async function* (_, context) {
    for await (const total of watchUntilEnded(context, stopping, ended => totals.watch(ended))) yield responseOf(total)
  }
}

function responseOf({ count, source, ageMs }: Count): WatchCountResponse {
  return create(WatchCountResponseSchema, { pingCount: count, source: SOURCE[source], ageMs: BigInt(Math.max(0, ageMs)) })
}
