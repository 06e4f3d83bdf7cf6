import type { ConnectRouter, HandlerContext } from '@connectrpc/connect'
import { PingService } from '../../gen/ping/v1/ping_pb.ts'
import type { Logger } from '../../runtime/logger.ts'
import { spanOf } from '../../transport/rpc/call-span.ts'
import type { Handler } from '../../transport/rpc/call.ts'
import { withinDeadline } from '../../transport/rpc/deadline.ts'
import { jsonReading } from '../../transport/rpc/json-reading.ts'
import type { PingBuckets } from '../buckets/buckets.ts'
import type { PingCounter } from '../count-reader/ping-counter.ts'
import type { PingRecorder } from '../recorder/ping-recorder.ts'
import type { TotalWatch } from '../watch/total-watch.ts'
import { createListBuckets } from './list-buckets.ts'
import { createPingBatch } from './ping-batch.ts'
import { createPingCount } from './ping-count.ts'
import { createPingStream } from './ping-stream.ts'
import { createPing } from './ping.ts'
import { createWatchCount } from './watch-count.ts'

export interface PingRoutesOptions {
  readonly recorder: PingRecorder
  readonly reader: PingCounter
  readonly totals: TotalWatch
  readonly buckets: PingBuckets
  /** Maximum size of a PingBatch or PingStream message, in bytes, also after decompression. */
  readonly maxBatchBodyBytes: number
  readonly log: Logger
  /** Aborted when the server drains: streams end then. */
  readonly stopping: AbortSignal
}

/** Registers the methods of PingService on Connect's router. */
export function pingRoutes(options: PingRoutesOptions): (router: ConnectRouter) => void {
  const { recorder, reader, totals, buckets, maxBatchBodyBytes, log, stopping } = options
  const ping = createPing(recorder)
  const pingCount = createPingCount(reader)
  const listBuckets = createListBuckets(buckets)
  const pingBatch = createPingBatch(recorder, log)
  const pingStream = createPingStream({ recorder, log, stopping })
  const watchCount = createWatchCount(totals, stopping)
  const { method } = PingService
  const long = { readMaxBytes: maxBatchBodyBytes }
  return router => {
    router.rpc(method.ping, (request, context) => answer(ping, request, context), jsonReading(method.ping.input))
    router.rpc(method.pingCount, (request, context) => answer(pingCount, request, context), jsonReading(method.pingCount.input))
    router.rpc(method.listBuckets, (request, context) => answer(listBuckets, request, context), jsonReading(method.listBuckets.input))
    router.rpc(method.pingBatch, (request, context) => answer(pingBatch, request, context), {
      ...long,
      ...jsonReading(method.pingBatch.input),
    })
    router.rpc(method.pingStream, pingStream, { ...long, ...jsonReading(method.pingStream.input) })
    router.rpc(method.watchCount, watchCount, jsonReading(method.watchCount.input))
  }
}

function answer<Request, Response>(handler: Handler<Request, Response>, request: Request, context: HandlerContext): Promise<Response> {
  const responseHeader = (name: string, value: string): void => context.responseHeader.set(name, value)
  return withinDeadline(context, () => handler(request, { responseHeader, span: spanOf(context) }))
}
