import type { ConnectRouter, HandlerContext } from '@connectrpc/connect'
import { PingService } from '../../gen/ping/v1/ping_pb.ts'
import type { Logger } from '../../runtime/logger.ts'
import type { Handler } from '../../transport/rpc/call.ts'
import { withinDeadline } from '../../transport/rpc/deadline.ts'
import { jsonReading } from '../../transport/rpc/json-reading.ts'
import type { PingBuckets } from '../buckets/buckets.ts'
import type { PingCounter } from '../count-reader/ping-counter.ts'
import type { PingRecorder } from '../recorder/ping-recorder.ts'
import { createListBuckets } from './list-buckets.ts'
import { createPingBatch } from './ping-batch.ts'
import { createPingCount } from './ping-count.ts'
import { createPingStream } from './ping-stream.ts'
import { createPing } from './ping.ts'

export interface PingRoutesOptions {
  readonly recorder: PingRecorder
  readonly reader: PingCounter
  readonly buckets: PingBuckets
  /** Maximum size of a PingBatch or PingStream message, in bytes, also after decompression. */
  readonly maxBatchBodyBytes: number
  readonly log: Logger
  /** Aborted when the server drains: streams end then. */
  readonly stopping: AbortSignal
}

/** Registers the methods of PingService on Connect's router. */
export function pingRoutes({
  recorder,
  reader,
  buckets,
  maxBatchBodyBytes,
  log,
  stopping,
}: PingRoutesOptions): (router: ConnectRouter) => void {
  const ping = createPing(recorder)
  const pingCount = createPingCount(reader)
  const listBuckets = createListBuckets(buckets)
  const pingBatch = createPingBatch(recorder, log)
  const pingStream = createPingStream({ recorder, log, stopping })
  return router => {
    const { ping: pingMethod, pingCount: countMethod, pingBatch: batchMethod, pingStream: streamMethod } = PingService.method
    router.rpc(pingMethod, (request, context) => answer(ping, request, context), jsonReading(pingMethod.input))
    router.rpc(countMethod, (request, context) => answer(pingCount, request, context), jsonReading(countMethod.input))
    const { listBuckets: bucketsMethod } = PingService.method
    router.rpc(bucketsMethod, (request, context) => answer(listBuckets, request, context), jsonReading(bucketsMethod.input))
    router.rpc(batchMethod, (request, context) => answer(pingBatch, request, context), {
      readMaxBytes: maxBatchBodyBytes,
      ...jsonReading(batchMethod.input),
    })
    router.rpc(streamMethod, pingStream, { readMaxBytes: maxBatchBodyBytes, ...jsonReading(streamMethod.input) })
  }
}

function answer<Request, Response>(handler: Handler<Request, Response>, request: Request, context: HandlerContext): Promise<Response> {
  const responseHeader = (name: string, value: string): void => context.responseHeader.set(name, value)
  return withinDeadline(context, () => handler(request, { responseHeader }))
}
