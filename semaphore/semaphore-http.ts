import { createMethodUrl } from '@connectrpc/connect/protocol'
import type { Registry } from 'prom-client'
import { Health } from '../src/gen/grpc/health/v1/health_pb.ts'
import { SemaphoreService } from '../src/gen/semaphore/v1/semaphore_pb.ts'
import type { Logger } from '../src/runtime/logger.ts'
import type { Readiness } from '../src/runtime/readiness.ts'
import { statusPages } from '../src/runtime/status-pages.ts'
import { healthRoutes } from '../src/transport/health/health-routes.ts'
import { startHttpServer, type HttpServer, type HttpServerOptions } from '../src/transport/http/http-server.ts'
import { reflectionRoutes } from '../src/transport/reflection/reflection-routes.ts'
import { errorInterceptor } from '../src/transport/rpc/error-interceptor.ts'
import { measureCalls, type CallMetrics } from '../src/transport/rpc/measure-calls.ts'
import { ResourceWatches } from './calls/resource-watches.ts'
import { SemaphoreCalls } from './calls/semaphore-calls.ts'
import { SemaphoreQuestions } from './calls/semaphore-questions.ts'
import { restRoutes } from './rest/rest-routes.ts'
import { semaphoreRoutes } from './rpc/semaphore-routes.ts'
import type { SemaphoreReads } from './terms/reads.ts'
import type { Steps } from './terms/step.ts'

/** Maximum size of the message of other methods than Submit, in bytes: two ids and some numbers. */
const MAX_MESSAGE_BYTES = 8_192

export type SemaphoreHttpOptions = Pick<
  HttpServerOptions,
  'port' | 'hosts' | 'portSetting' | 'allowedOrigins' | 'limits' | 'tls' | 'access' | 'lean' | 'log'
> & {
  readonly steps: Steps
  readonly reads: SemaphoreReads
  /** Maximum size of a command, in bytes. */
  readonly maxCommandBytes: number
  readonly readiness: Readiness
  readonly metrics: CallMetrics & { readonly registry: Registry }
  readonly log: Logger
}

/** Starts the semaphore's port: SemaphoreService, gRPC health and reflection, REST, and the pages. */
export function startSemaphoreHttp(options: SemaphoreHttpOptions): Promise<HttpServer> {
  const { steps, reads, maxCommandBytes, readiness, metrics, log } = options
  const calls = new SemaphoreCalls(steps)
  const questions = new SemaphoreQuestions(reads)
  const watches = new ResourceWatches({ look: resource => questions.resource(resource) })
  const { submit, listResources } = SemaphoreService.method
  return startHttpServer({
    ...options,
    maxBodyBytes: MAX_MESSAGE_BYTES,
    routes(router, stopping) {
      // In JSON, bytes are base64: four characters for three bytes.
      const maxSubmitBytes = Math.ceil(maxCommandBytes / 3) * 4 + MAX_MESSAGE_BYTES
      semaphoreRoutes({ calls, questions, watches, maxCommandBytes, maxSubmitBytes, stopping })(router)
      healthRoutes(readiness, [SemaphoreService.typeName], stopping)(router)
      reflectionRoutes([SemaphoreService, Health], stopping)(router)
    },
    plainRoutes: restRoutes({ calls, questions, maxCommandBytes }),
    interceptors: [errorInterceptor(log)],
    exposedHeaders: ['Location', 'Command-State', 'Command-Place', 'Command-Token', 'Command-Repeated'],
    examplePaths: [createMethodUrl('/', submit), createMethodUrl('/', listResources)],
    calls: measureCalls(metrics, log),
    pages: statusPages(readiness, metrics.registry),
  })
}
