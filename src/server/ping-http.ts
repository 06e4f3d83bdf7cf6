import { createMethodUrl } from '@connectrpc/connect/protocol'
import type { Registry } from 'prom-client'
import { Health } from '../gen/grpc/health/v1/health_pb.ts'
import { PingService } from '../gen/ping/v1/ping_pb.ts'
import type { Logger } from '../runtime/logger.ts'
import type { Readiness } from '../runtime/readiness.ts'
import { statusPages, type Page } from '../runtime/status-pages.ts'
import type { Tracing } from '../tracing/tracing.ts'
import { healthRoutes } from '../transport/health/health-routes.ts'
import type { EventStream, EventStreamMetrics } from '../transport/http/event-stream/event-stream.ts'
import { startHttpServer, type HttpServer, type HttpServerOptions } from '../transport/http/http-server.ts'
import type { PageMaker } from '../transport/http/pages/serve-page.ts'
import { reflectionRoutes } from '../transport/reflection/reflection-routes.ts'
import { errorInterceptor } from '../transport/rpc/error-interceptor.ts'
import { measureCalls, type CallMetrics } from '../transport/rpc/measure-calls.ts'
import { traceCalls } from '../transport/rpc/trace-calls.ts'
import { badgePages } from './badge/badge-pages.ts'
import type { PingBuckets } from './buckets/buckets.ts'
import type { PingCounter } from './count-reader/ping-counter.ts'
import { pageMakers, type PageMakers } from './page/html/page-makers.ts'
import { EVENTS_PATH, pageEvents } from './page/page-events.ts'
import type { PageStates } from './page/page-states.ts'
import { STATE_PATH, statePage } from './page/state-page.ts'
import { COUNT_AGE_HEADER, COUNT_SOURCE_HEADER } from './ping-service/ping-count.ts'
import { pingRoutes } from './ping-service/ping-routes.ts'
import { PING_ID_HEADER } from './ping-service/ping.ts'
import type { PingRecorder } from './recorder/ping-recorder.ts'
import { TotalWatch } from './watch/total-watch.ts'

export type PingHttpOptions = Pick<
  HttpServerOptions,
  'port' | 'hosts' | 'portSetting' | 'maxBodyBytes' | 'allowedOrigins' | 'limits' | 'tls' | 'access' | 'lean' | 'log'
> & {
  readonly recorder: PingRecorder
  readonly reader: PingCounter
  readonly buckets: PingBuckets
  /** Maximum size of a PingBatch or PingStream message, in bytes, also after decompression. */
  readonly maxBatchBodyBytes: number
  readonly readiness: Readiness
  /** What the live page shows. Undefined: there is no page. */
  readonly pageStates?: PageStates | undefined
  readonly metrics: CallMetrics & EventStreamMetrics & { readonly registry: Registry }
  /** Undefined: calls are not traced. */
  readonly tracing?: Tracing | undefined
  readonly log: Logger
}

export interface PingHttp extends HttpServer {
  /** Prepares the live page for its first viewer. */
  warm(): Promise<void>
}

/** Starts Ping's port: PingService, gRPC health and reflection, and the pages. */
export async function startPingHttp(options: PingHttpOptions): Promise<PingHttp> {
  const { recorder, reader, buckets, maxBatchBodyBytes, readiness, pageStates, metrics, tracing, log } = options
  const totals = new TotalWatch({ reader })
  const { ping, pingCount } = PingService.method
  const livePages = createLivePages(options)
  const server = await startHttpServer({
    ...options,
    routes(router, stopping) {
      pingRoutes({ recorder, reader, totals, buckets, maxBatchBodyBytes, log, stopping })(router)
      healthRoutes(readiness, [PingService.typeName], stopping)(router)
      reflectionRoutes([PingService, Health], stopping)(router)
    },
    interceptors: [errorInterceptor(log)],
    exposedHeaders: [PING_ID_HEADER, COUNT_SOURCE_HEADER, COUNT_AGE_HEADER],
    examplePaths: [createMethodUrl('/', ping), createMethodUrl('/', pingCount)],
    calls: traceCalls(measureCalls(metrics, log), { tracing, untraced: [Health] }),
    pages: new Map<string, PageMaker>([
      ...statusPages(readiness, metrics.registry),
      ['/healthz', healthz],
      ...badgePages(reader),
      ...(livePages?.pages ?? []),
    ]),
    pageFolders: livePages?.folders ?? new Map(),
    eventStreams: new Map<string, EventStream>(pageStates && [[EVENTS_PATH, pageEvents(pageStates, metrics)]]),
  })
  return { ...server, warm: async () => livePages?.warm() }
}

/** Says only that the program runs, as in the original Ping. */
async function healthz(): Promise<Page> {
  return { status: 200, type: 'text/plain; charset=utf-8', body: 'ok' }
}

function createLivePages({ pageStates, buckets }: PingHttpOptions): PageMakers | undefined {
  if (pageStates === undefined) return undefined
  const makers = pageMakers({ states: pageStates, buckets })
  return { ...makers, pages: new Map([...makers.pages, [STATE_PATH, statePage(pageStates)]]) }
}
