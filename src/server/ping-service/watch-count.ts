import { create } from '@bufbuild/protobuf'
import { Code, ConnectError, type HandlerContext } from '@connectrpc/connect'
import { CountSource, WatchCountResponseSchema, type WatchCountRequest, type WatchCountResponse } from '../../gen/ping/v1/ping_pb.ts'
import { UnavailableError } from '../../transport/errors.ts'
import type { Count } from '../count-reader/count.ts'
import type { TotalWatch } from '../watch/total-watch.ts'

const SOURCE = { cache: CountSource.CACHE, database: CountSource.DATABASE }

type WatchCount = (request: WatchCountRequest, context: HandlerContext) => AsyncGenerator<WatchCountResponse>

/** Answers totals until the caller leaves, its deadline passes, or the server drains: `stopping`. */
export function createWatchCount(totals: Pick<TotalWatch, 'watch'>, stopping: AbortSignal): WatchCount {
  return async function* (_, { signal }) {
    const ended = AbortSignal.any([signal, stopping])
    for await (const total of totals.watch(ended)) yield responseOf(total)
    if (signal.aborted) throw ConnectError.from(signal.reason, Code.Canceled)
    throw new UnavailableError('the server is stopping; watch again')
  }
}

function responseOf({ count, source, ageMs }: Count): WatchCountResponse {
  return create(WatchCountResponseSchema, { pingCount: count, source: SOURCE[source], ageMs: BigInt(Math.max(0, ageMs)) })
}
