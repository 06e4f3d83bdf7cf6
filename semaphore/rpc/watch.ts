import { create } from '@bufbuild/protobuf'
import type { HandlerContext } from '@connectrpc/connect'
import { WatchResponseSchema, type WatchRequest, type WatchResponse } from '../../src/gen/semaphore/v1/semaphore_pb.ts'
import { watchUntilEnded } from '../../src/transport/rpc/watch-until-ended.ts'
import type { ResourceWatches } from '../calls/resource-watches.ts'
import { resourceMessage } from './messages.ts'
import { requestedResource } from './requested.ts'

type Watch = (request: WatchRequest, context: HandlerContext) => AsyncGenerator<WatchResponse>

/** Answers the states of a resource until the caller leaves, its deadline passes, or the server drains: `stopping`. */
export function createWatch(watches: ResourceWatches, stopping: AbortSignal): Watch {
  return async function* ({ resourceId }, context) {
    for await (const state of watchUntilEnded(context, stopping, ended => watches.watch(requestedResource(resourceId), ended))) {
      yield create(WatchResponseSchema, { resource: resourceMessage(state) })
    }
  }
}
