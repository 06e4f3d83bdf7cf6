import { create } from '@bufbuild/protobuf'
import { Code, ConnectError, type HandlerContext } from '@connectrpc/connect'
import { WatchResponseSchema, type WatchRequest, type WatchResponse } from '../../src/gen/semaphore/v1/semaphore_pb.ts'
import { UnavailableError } from '../../src/transport/errors.ts'
import type { ResourceWatches } from '../calls/resource-watches.ts'
import { resourceMessage } from './messages.ts'
import { requestedResource } from './requested.ts'

type Watch = (request: WatchRequest, context: HandlerContext) => AsyncGenerator<WatchResponse>

/** Answers the states of a resource until the caller leaves, its deadline passes, or the server drains: `stopping`. */
export function createWatch(watches: ResourceWatches, stopping: AbortSignal): Watch {
  return async function* ({ resourceId }, { signal }) {
    const ended = AbortSignal.any([signal, stopping])
    for await (const state of watches.watch(requestedResource(resourceId), ended)) {
      yield create(WatchResponseSchema, { resource: resourceMessage(state) })
    }
    if (signal.aborted) throw ConnectError.from(signal.reason, Code.Canceled)
    throw new UnavailableError('the server is stopping; watch again')
  }
}
