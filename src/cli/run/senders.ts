import { Code, ConnectError, type CallOptions } from '@connectrpc/connect'
import { FailureCode, type PingFailure, type PingRequest, type PingResult } from '../../gen/ping/v1/ping_pb.ts'
import type { PingClient } from '../client/ping-client.ts'
import { PingStreamCall } from '../client/ping-stream-call.ts'

/** Sends some pings once. */
export interface Sender {
  /** One result per ping, in their order. Rejects if there are none. */
  send(pings: readonly PingRequest[], call: CallOptions): Promise<readonly PingResult[]>
  /** Ends an open stream. */
  close(): void
}

/** This many callers, each with one call at a time. */
export function callSenders(client: PingClient, callers: number, { byPing = true } = {}): readonly Sender[] {
  return Array.from({ length: callers }, () => callSender(client, byPing))
}

/** Sends by PingBatch, or by Ping. */
function callSender(client: PingClient, byPing: boolean): Sender {
  return {
    async send(pings, call) {
      const [ping] = pings
      if (!byPing || ping === undefined) return client.batch(pings, call)
      await client.ping(ping.pingId, ping.timestampMs, call)
      return [ACK]
    },
    close: () => undefined,
  }
}

const ACK = { pingId: '' } as PingResult

/** Sends by one PingStream, and by a new one when it ends. A try that times out ends it too. */
export function streamSender(client: PingClient): Sender {
  let current: PingStreamCall | undefined
  let heard: AbortSignal | undefined
  /** One listener for all sends of a run, since they share one signal: the cost of a listener for each would grow with their number. */
  const hear = (signal: AbortSignal | undefined): void => {
    if (signal === undefined || signal === heard) return
    heard = signal
    signal.addEventListener('abort', () => current?.fail(new ConnectError('interrupted', Code.Canceled)))
  }
  return {
    async send(pings, { timeoutMs, signal }) {
      hear(signal)
      if (current === undefined || current.ended) current = new PingStreamCall(client)
      const stream = current
      const late = (): void => stream.fail(new ConnectError('no result in time', Code.DeadlineExceeded))
      const timer = timeoutMs === undefined ? undefined : setTimeout(late, timeoutMs)
      try {
        return await stream.send(pings)
      } finally {
        clearTimeout(timer)
      }
    },
    close: () => current?.end(),
  }
}

/** The failure of a ping, as the error that Ping would have answered. */
export function errorOf({ code, message, retryAfterMs }: PingFailure): ConnectError {
  const headers = retryAfterMs > 0 ? { 'retry-after': String(retryAfterMs / 1_000) } : undefined
  // FailureCode has the numbers of Connect's codes.
  const known = code === FailureCode.UNSPECIFIED || Code[code] === undefined ? Code.Unknown : (code as number as Code)
  return new ConnectError(message, known, headers)
}
