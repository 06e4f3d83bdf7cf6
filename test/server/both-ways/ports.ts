import { create } from '@bufbuild/protobuf'
import { Code, ConnectError } from '@connectrpc/connect'
import { pino } from 'pino'
import { RetryInfoSchema } from '../../../src/gen/google/rpc/error_details_pb.ts'
import { PingService } from '../../../src/gen/ping/v1/ping_pb.ts'
import { Readiness } from '../../../src/runtime/readiness.ts'
import { statusPages } from '../../../src/runtime/status-pages.ts'
import type { PingBuckets } from '../../../src/server/buckets/buckets.ts'
import type { Count, Range } from '../../../src/server/count-reader/count.ts'
import type { PingCounter } from '../../../src/server/count-reader/ping-counter.ts'
import { createServerMetrics } from '../../../src/server/metrics.ts'
import { pingRoutes } from '../../../src/server/ping-service/ping-routes.ts'
import type { PingRecorder, RequestedPing } from '../../../src/server/recorder/ping-recorder.ts'
import { TimestampConflictError } from '../../../src/server/recorder/timestamp-conflict-error.ts'
import { TotalWatch } from '../../../src/server/watch/total-watch.ts'
import type { AccessCheck } from '../../../src/transport/access/access-check.ts'
import { QueueFullError, UnavailableError } from '../../../src/transport/errors.ts'
import { healthRoutes } from '../../../src/transport/health/health-routes.ts'
import { startHttpServer, type HttpServer } from '../../../src/transport/http/http-server.ts'
import type { HttpLimits } from '../../../src/transport/http/limits.ts'
import { errorInterceptor } from '../../../src/transport/rpc/error-interceptor.ts'
import { measureCalls } from '../../../src/transport/rpc/measure-calls.ts'
import { conformanceRoutes } from '../../conformance/conformance-routes.ts'

/** Maximum size of a request message, in bytes. */
export const MAX_BODY_BYTES = 2_048

/** The outcome of a ping with this time, and of a count whose range starts at it. All others succeed. */
export const OUTCOME = {
  full: 1001,
  conflict: 1002,
  unavailable: 1003,
  unexpected: 1004,
  never: 1005,
  late: 1006,
  detailed: 1007,
  string: 1008,
} as const

/** One of two ports that differ only in how they serve unary Connect calls. */
export interface Way {
  readonly port: number
  readonly http: HttpServer
  /** The requests that reached the handlers, the ends of calls and the log lines, since the last time; sorted, as calls may overlap. */
  seen(): readonly string[]
}

export interface WaysOptions {
  readonly access?: AccessCheck
  readonly limits?: Partial<HttpLimits>
}

/** Ping's port with Connect's handlers only, and the same port with the lean way. */
export async function startBothWays(options: WaysOptions = {}): Promise<{ readonly ways: readonly [Way, Way]; stop(): Promise<void> }> {
  const ways = [await startWay(false, options), await startWay(true, options)] as const
  return {
    ways,
    async stop() {
      await Promise.all(ways.map(({ http }) => http.stop(0)))
    },
  }
}

async function startWay(lean: boolean, options: WaysOptions): Promise<Way> {
  const seen: string[] = []
  const note = (what: string, value: unknown): void =>
    void seen.push(`${what} ${JSON.stringify(value, (_, one: unknown) => (typeof one === 'bigint' ? `${one}` : one))}`)
  const log = pino({ level: 'debug' }, { write: line => note('logged', steady(JSON.parse(line) as Record<string, unknown>)) })
  const readiness = new Readiness()
  readiness.ready()
  const calls = measureCalls({ rpcEnded: (method, code) => note('ended', [method, code]) }, log)
  const http = await startHttpServer({
    ...options,
    lean,
    port: 0,
    portSetting: 'PORT',
    hosts: ['127.0.0.1'],
    maxBodyBytes: MAX_BODY_BYTES,
    allowedOrigins: ['http://page.example'],
    examplePaths: ['/ping.v1.PingService/Ping'],
    routes(router, stopping) {
      const reader = fixedReader(note)
      const stores = { recorder: fixedRecorder(note), reader, totals: new TotalWatch({ reader }), buckets: fixedBuckets(note) }
      pingRoutes({ ...stores, maxBatchBodyBytes: 3 * MAX_BODY_BYTES, log, stopping })(router)
      healthRoutes(readiness, [PingService.typeName], stopping)(router)
      conformanceRoutes(router)
    },
    interceptors: [errorInterceptor(log)],
    calls,
    pages: new Map(statusPages(readiness, createServerMetrics().registry)),
    log,
  })
  return { port: http.port, http, seen: () => seen.splice(0).sort() }
}

type Note = (what: string, value: unknown) => void

function fixedRecorder(note: Note): PingRecorder {
  const record = async ({ id, idGiven, timestampMs }: RequestedPing): Promise<void> => {
    note('recorded', { id: idGiven ? id : 'made', timestampMs })
    await outcomeOf(timestampMs)
  }
  return {
    record,
    recordAll: pings =>
      Promise.all(
        pings.map(ping =>
          record(ping).then(
            () => undefined,
            (error: Error) => error,
          ),
        ),
      ),
  }
}

function fixedReader(note: Note): PingCounter {
  const count = async (range: Range | undefined, strong: boolean): Promise<Count> => {
    note('counted', { range, strong })
    await outcomeOf(range?.startMs)
    return { count: 9_007_199_254_740_993n, source: strong ? 'database' : 'cache', ageMs: 12.3 }
  }
  return { answered: 0n, total: strong => count(undefined, strong), range: count }
}

function fixedBuckets(note: Note): PingBuckets {
  return {
    async list(question) {
      note('listed', question)
      await outcomeOf(question.range.startMs)
      const buckets = [0n, 9_007_199_254_740_993n].map(count => ({ startMs: question.range.startMs, count }))
      // The answer ages while it waits for its turn. Below 0, its age is 0 either way.
      return { buckets, source: question.strong ? 'database' : 'cache', ageMs: -60_000 }
    },
  }
}

async function outcomeOf(timestampMs: bigint | undefined): Promise<void> {
  switch (Number(timestampMs ?? 0n)) {
    case OUTCOME.full:
      throw new QueueFullError('the queue is full', 1_500)
    case OUTCOME.conflict:
      throw new TimestampConflictError('the id was recorded with another time')
    case OUTCOME.unavailable:
      throw new UnavailableError('Postgres is down')
    case OUTCOME.unexpected:
      throw new TypeError('a secret of the inside')
    case OUTCOME.never:
      return new Promise(() => undefined)
    case OUTCOME.late:
      return new Promise(resolve => setTimeout(resolve, 20))
    case OUTCOME.detailed: {
      const header = { 'x-one': 'a', 'X-Two': 'b, c', 'content-type': 'text/plain', 'grpc-status': '3' }
      throw new ConnectError(`äö ${'long '.repeat(200)}🎈`, Code.DataLoss, header, [
        { desc: RetryInfoSchema, value: create(RetryInfoSchema, { retryDelay: { seconds: 7n } }) },
      ])
    }
    case OUTCOME.string:
      // oxlint-disable-next-line no-throw-literal
      throw 'no error at all'
  }
}

/** A log line without the parts that differ from run to run. */
function steady({ level, msg, method, code, protocol, path, err }: Record<string, unknown>): Record<string, unknown> {
  return { level, msg, method, code, protocol, path, err: (err as { message?: string } | undefined)?.message }
}
