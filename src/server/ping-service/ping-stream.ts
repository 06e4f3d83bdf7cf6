import { create } from '@bufbuild/protobuf'
import { Code, ConnectError, type HandlerContext } from '@connectrpc/connect'
import {
  PingStreamResponseSchema,
  type PingRequest,
  type PingResult,
  type PingStreamRequest,
  type PingStreamResponse,
} from '../../gen/ping/v1/ping_pb.ts'
import type { Logger } from '../../runtime/logger.ts'
import { spanOf } from '../../transport/rpc/call-span.ts'
import type { PingRecorder } from '../recorder/ping-recorder.ts'
import { Portions } from './portions.ts'
import { MAX_PINGS, recordMany, refuseTooMany } from './record-many.ts'

/** Maximum number of pings recorded together, and of results in one response. It keeps a response far below the 4 MiB that gRPC clients accept. */
const MAX_PORTION = 1_000

export interface PingStreamOptions {
  readonly recorder: PingRecorder
  readonly log: Logger
  /** Aborted when the server drains: nothing more is read, and the pings that were read get their results. */
  readonly stopping: AbortSignal
}

type PingStream = (requests: AsyncIterable<PingStreamRequest>, context: HandlerContext) => AsyncGenerator<PingStreamResponse>

/** Answers results in the order of the pings, as they are committed. Stops reading while too many pings are open. */
export function createPingStream({ recorder, log, stopping }: PingStreamOptions): PingStream {
  return async function* (requests, context) {
    const call = { recorder, log, span: spanOf(context) }
    const work = (pings: readonly PingRequest[]): Promise<readonly PingResult[]> => recordMany(pings, call)
    const portions = new Portions({ work, maxOpen: MAX_PINGS, maxPortion: MAX_PORTION })
    const release = endWhenAborted(portions, context.signal, stopping)
    void readAll(requests, portions)
    try {
      for (let results = await portions.next(); results !== undefined; results = await portions.next()) {
        const answer = create(PingStreamResponseSchema)
        answer.results = results as typeof answer.results
        yield answer
      }
    } finally {
      portions.end()
      release()
    }
  }
}

/** Reads until the caller or the portions end. Never rejects: an error is thrown after the results of the earlier pings. */
async function readAll(requests: AsyncIterable<PingStreamRequest>, portions: Portions<PingRequest, PingResult>): Promise<void> {
  try {
    for await (const { pings } of requests) {
      refuseTooMany(pings)
      if (!(await portions.add(pings))) return
    }
    portions.end()
  } catch (error) {
    portions.end(error)
  }
}

/** Ends the portions with the call or with the server. Returns how to stop watching. */
function endWhenAborted(portions: Portions<PingRequest, PingResult>, gone: AbortSignal, stopping: AbortSignal): () => void {
  const leave = (): void => portions.cut(ConnectError.from(gone.reason, Code.Canceled))
  const stop = (): void =>
    portions.end(new ConnectError('the server is stopping; send the pings without a result again, with the same ids', Code.Unavailable))
  gone.addEventListener('abort', leave)
  stopping.addEventListener('abort', stop)
  if (gone.aborted) leave()
  if (stopping.aborted) stop()
  return () => {
    gone.removeEventListener('abort', leave)
    stopping.removeEventListener('abort', stop)
  }
}
