import { createClient } from '@connectrpc/connect'
import { pino } from 'pino'
import type { Registry } from 'prom-client'
import { startSemaphoreHttp, type SemaphoreHttpOptions } from '../../semaphore/semaphore-http.ts'
import { SemaphoreService } from '../../src/gen/semaphore/v1/semaphore_pb.ts'
import { createRegistry } from '../../src/runtime/metrics-registry.ts'
import { Readiness } from '../../src/runtime/readiness.ts'
import type { HttpServer } from '../../src/transport/http/http-server.ts'
import { callMetrics } from '../../src/transport/rpc/call-metrics.ts'
import { transports } from '../server/http-fixture.ts'
import { MemorySemaphore } from './memory-semaphore.ts'

const MAX_COMMAND_BYTES = 65_536

/** The semaphore's port over a store in memory. */
export interface SemaphoreFixture extends AsyncDisposable {
  readonly url: string
  readonly port: number
  readonly http: HttpServer
  readonly readiness: Readiness
  readonly registry: Registry
  readonly memory: MemorySemaphore
  readonly logged: Record<string, unknown>[]
}

export type FixtureOptions = Partial<
  Pick<SemaphoreHttpOptions, 'port' | 'steps' | 'reads' | 'limits' | 'allowedOrigins' | 'access' | 'lean' | 'maxCommandBytes'>
>

export async function startSemaphoreFixture(options: FixtureOptions = {}): Promise<SemaphoreFixture> {
  const readiness = new Readiness()
  readiness.ready()
  const memory = new MemorySemaphore()
  const registry = createRegistry()
  const logged: Record<string, unknown>[] = []
  const log = pino({ level: 'debug' }, { write: line => void logged.push(JSON.parse(line)) })
  const http = await startSemaphoreHttp({
    steps: memory,
    reads: memory,
    maxCommandBytes: MAX_COMMAND_BYTES,
    allowedOrigins: ['*'],
    port: 0,
    ...options,
    portSetting: 'SEMAPHORE_PORT',
    hosts: ['127.0.0.1'],
    readiness,
    metrics: { ...callMetrics(registry, 'semaphore'), registry },
    log,
  })
  return {
    url: `http://127.0.0.1:${http.port}`,
    port: http.port,
    http,
    readiness,
    registry,
    memory,
    logged,
    [Symbol.asyncDispose]: async () => void (await http.stop(0)),
  }
}

export function semaphoreClient({ url }: { readonly url: string }, protocol = 'Connect, JSON, HTTP/1.1') {
  return createClient(SemaphoreService, transports(url)[protocol]!)
}
