import { Code, ConnectError, type ConnectRouter, type Interceptor } from '@connectrpc/connect'
import type { HttpRequest, HttpResponse } from '../../runtime/answer-page.ts'
import type { ListenOptions } from '../../runtime/listen.ts'
import type { Logger } from '../../runtime/logger.ts'
import { pathOf, requestTarget } from '../../runtime/request-target.ts'
import { wait, within } from '../../runtime/wait.ts'
import type { AccessCheck } from '../access/access-check.ts'
import { refusePage, refuseRpc } from '../access/refuse.ts'
import { refuseExpired } from '../rpc/deadline.ts'
import type { CallMeter } from '../rpc/measure-calls.ts'
import { refuseOtherVersion } from '../rpc/protocol-version.ts'
import { refuseMalformedTimeOut } from '../rpc/time-out-header.ts'
import type { TlsIdentity } from '../tls/tls-port.ts'
import { compressions } from './compressions.ts'
import { createCors, type Cors, type CorsOptions } from './cors.ts'
import { EventStream } from './event-stream/event-stream.ts'
import { serveEventStream } from './event-stream/serve-event-stream.ts'
import { faultyRequest, options as answerOptions, unknownPath, wrongTarget, type ExamplePaths } from './explanations.ts'
import { InFlight } from './in-flight.ts'
import { serveLean } from './lean/serve-lean.ts'
import { DEFAULT_LIMITS, type HttpLimits } from './limits.ts'
import { OnePort } from './one-port.ts'
import { servePage, type PageMaker } from './pages/serve-page.ts'
import { requestFault } from './request-fault.ts'
import { RouteTable } from './routes/route-table.ts'
import type { Route } from './routes/route.ts'
import { serveRoute } from './routes/serve-route.ts'
import { createRpcTable, type Rpc } from './rpc-table.ts'
import { serveRpc } from './serve-rpc.ts'

export interface HttpServerOptions extends ListenOptions, Omit<CorsOptions, 'allowedMethods'> {
  /** Maximum size of a request message, in bytes, also after decompression. */
  readonly maxBodyBytes: number
  readonly limits?: Partial<HttpLimits>
  /** Undefined: clear text. */
  readonly tls?: TlsIdentity | undefined
  /** Undefined: every caller is accepted. */
  readonly access?: AccessCheck | undefined
  /** Registers the RPCs on Connect's router. `stopping` is aborted when a drain begins; streams have to end then. */
  readonly routes: (router: ConnectRouter, stopping: AbortSignal) => void
  readonly interceptors: readonly Interceptor[]
  /** Paths for callers that know only HTTP. */
  readonly plainRoutes?: readonly Route[]
  /** Shown to a caller that asks for a path that does not exist. */
  readonly examplePaths: ExamplePaths
  /** Measures each call. */
  readonly calls: CallMeter
  /** Whether unary Connect calls over HTTP/1.1 use the lean way instead of Connect's handlers. Default: true. */
  readonly lean?: boolean
  /** Pages by path: those for probes and metrics, and those for people. */
  readonly pages: ReadonlyMap<string, PageMaker>
  /** Makers of all other pages of a folder, by its path, which ends with a slash. */
  readonly pageFolders?: ReadonlyMap<string, PageMaker>
  /** Streams of events by path. */
  readonly eventStreams?: ReadonlyMap<string, EventStream>
  readonly log: Logger
}

export interface HttpServer {
  readonly port: number
  /** The number of requests that wait for their answer. */
  inFlight(): number
  /**
   * Stops accepting connections, answers the requests that have arrived, for up to `limitMs`, and closes all connections. Resolves
   * to the number of requests that were cut off.
   */
  stop(limitMs: number): Promise<number>
}

/** After the port is closed, open connections may send requests for this many ms. Each gets an answer. */
const LAST_REQUESTS_MS = 250

/** Serves every protocol on one port: Connect, gRPC and gRPC-Web, and also the pages. */
export async function startHttpServer(options: HttpServerOptions): Promise<HttpServer> {
  const limits = { ...DEFAULT_LIMITS, ...options.limits }
  const stopping = new AbortController()
  const cutOff = new AbortController()
  const inFlight = new InFlight()
  const rpcs = mountRpcs(options, stopping.signal, cutOff.signal)
  const plainRoutes = new RouteTable(options.plainRoutes ?? [])
  const methods = [...new Set(['GET', 'HEAD', 'POST', ...plainRoutes.methods])]
  const cors = createCors({ ...options, allowedMethods: plainRoutes.methods })
  const port = new OnePort(
    (request, response) => {
      inFlight.add(request, response)
      serve(options, { rpcs, cors, plainRoutes, methods, stopping: stopping.signal }, request, response)
    },
    { limits, tls: options.tls, methods },
  )
  const number = await port.listen(options)
  const mayStayOpen = (request: HttpRequest): boolean => rpcs.get(pathOf(request.url ?? ''))?.handler.method.methodKind === 'bidi_streaming'
  const slow = setInterval(() => inFlight.cutSlow(limits.requestMs, mayStayOpen), limits.checkMs).unref()
  return {
    port: number,
    inFlight: () => inFlight.size,
    async stop(limitMs) {
      stopping.abort()
      port.stopAccepting()
      inFlight.drain()
      if ((await port.connections()) > 0) await wait(Math.min(LAST_REQUESTS_MS, limitMs))
      port.closeIdle()
      await within(limitMs, 'still in flight', inFlight.empty()).catch(() => undefined)
      const left = inFlight.size
      cutOff.abort(new ConnectError('the server is stopping', Code.Unavailable))
      clearInterval(slow)
      port.closeAll()
      return left
    },
  }
}

function mountRpcs(options: HttpServerOptions, stopping: AbortSignal, cutOff: AbortSignal): ReadonlyMap<string, Rpc> {
  const { maxBodyBytes, interceptors, routes, calls, lean = true } = options
  return createRpcTable({
    routes: router => routes(router, stopping),
    shared: {
      readMaxBytes: maxBodyBytes,
      // No code reads them, and each would be an object: a message may have a million.
      binaryOptions: { readUnknownFields: false },
      acceptCompression: [...compressions],
      interceptors: [...interceptors],
      requestGate(context) {
        refuseRpc(context)
        refuseOtherVersion(context)
        refuseMalformedTimeOut(context)
        refuseExpired(context)
      },
      shutdownSignal: cutOff,
    },
    calls,
    lean,
  })
}

/** What answers requests. It is created once. */
interface Mounted {
  readonly rpcs: ReadonlyMap<string, Rpc>
  readonly cors: Cors
  readonly plainRoutes: RouteTable
  /** The methods that some path accepts. */
  readonly methods: readonly string[]
  /** Aborted when a drain begins. */
  readonly stopping: AbortSignal
}

function ignore(): void {}

function serve(
  { pages, pageFolders, eventStreams, examplePaths, access, allowedOrigins, limits, calls, log }: HttpServerOptions,
  { rpcs, cors, plainRoutes, methods, stopping }: Mounted,
  request: HttpRequest,
  response: HttpResponse,
): void {
  // Without a listener, an error of one connection would end the process. Node handles those of an HTTP/1.1 request itself.
  if ('stream' in request) request.on('error', ignore)
  response.on('error', ignore)
  const fault = requestFault(request, limits?.maxHeaderBytes ?? DEFAULT_LIMITS.maxHeaderBytes)
  if (fault !== undefined) return faultyRequest(request, response, fault)
  const target = requestTarget(request.url ?? '')
  if (target === undefined) return wrongTarget(request, response, examplePaths)
  request.url = target
  if (cors(request, response)) return
  if (target === '*' && request.method === 'OPTIONS') return answerOptions(request, response, methods)
  const path = pathOf(target)
  const rpc = rpcs.get(path)
  if (rpc?.lean !== undefined && serveLean(rpc.lean, request, response, { log, access })) return
  if (rpc !== undefined) return serveRpc(rpc.handler, request, response, { log, access })
  const found = pages.get(path) ?? eventStreams?.get(path) ?? pageFolders?.get(path.slice(0, path.lastIndexOf('/') + 1))
  const routes = found === undefined ? plainRoutes.match(path) : undefined
  if (routes !== undefined) return serveRoute(routes, path, request, response, { log, access, allowedOrigins, calls })
  if (found === undefined) return unknownPath(request, response, examplePaths)
  const refusal = access?.(request, path)
  if (refusal !== undefined) return refusePage(request, response, refusal)
  if (found instanceof EventStream) return serveEventStream(found, request, response, { path, log, stopping })
  void servePage(found, path, request, response, { log, otherwise: () => unknownPath(request, response, examplePaths) })
}
