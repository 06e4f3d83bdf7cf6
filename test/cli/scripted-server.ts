import { createServer, type IncomingMessage } from 'node:http'
import { createSecureServer as createSecureHttp2Server, createServer as createHttp2Server, type Http2ServerRequest } from 'node:http2'
import { createServer as createSecureServer } from 'node:https'
import type { AddressInfo, Server, Socket } from 'node:net'
import { Code, ConnectError, createContextKey, createContextValues, type HandlerContext } from '@connectrpc/connect'
import { connectNodeAdapter } from '@connectrpc/connect-node'
import type { Protocol } from '../../src/cli/client/connect-to.ts'
import {
  CountSource,
  PingService,
  type FailureCode,
  type ListBucketsRequest,
  type PingCountRequest,
  type PingRequest,
} from '../../src/gen/ping/v1/ping_pb.ts'
import { wait } from '../../src/runtime/wait.ts'

/**
 * What the server does with one call: answers; records and then cuts the connection, so that the reply is lost;
 * records and never answers; or fails with a code.
 */
export type Step = 'answer' | 'lose reply' | 'no reply' | { readonly code: Code; readonly headers?: Record<string, string> }

/** PEM texts. */
export interface Certificate {
  readonly key: string
  readonly cert: string
}

export interface ScriptedServer {
  readonly address: string
  readonly port: number
  /** Every Ping that arrived, in order, including those that were not answered. */
  readonly pings: readonly PingRequest[]
  readonly counts: readonly PingCountRequest[]
  readonly bucketLists: readonly ListBucketsRequest[]
  /** How many pings each PingBatch, or each message of a PingStream, had. */
  readonly sizes: readonly number[]
  /** The ids that count. */
  readonly recorded: ReadonlySet<string>
  stop(): Promise<void>
}

export interface ServerOptions {
  readonly port?: number
  readonly tls?: Certificate
  /** How many of the first pings are acknowledged but not recorded. */
  readonly forgets?: number
  /** Why a ping of PingBatch or PingStream is not recorded at its nth try (from 1); undefined: it is. */
  readonly fails?: (ping: PingRequest, nth: number) => FailureCode | undefined
  /** For streams too. */
  readonly http2?: boolean
  /** Every PingBatch is answered without its first result. */
  readonly losesResult?: boolean
  /** What ListBuckets answers. */
  readonly buckets?: readonly { readonly start: bigint; readonly pingCount: bigint }[]
}

const cutKey = createContextKey<() => void>(() => undefined)

/** A PingService on a free port: each call takes one step of the script; after the script, every call is answered. */
export async function startScriptedServer(
  protocol: Protocol,
  script: readonly Step[] = [],
  { port = 0, tls, forgets = 0, fails = () => undefined, http2 = false, losesResult = false, buckets = [] }: ServerOptions = {},
): Promise<ScriptedServer> {
  const steps = [...script]
  const pings: PingRequest[] = []
  const counts: PingCountRequest[] = []
  const bucketLists: ListBucketsRequest[] = []
  const sizes: number[] = []
  const recorded = new Set<string>()
  const tries = new Map<string, number>()

  const recordAll = (sent: readonly PingRequest[]) => {
    sizes.push(sent.length)
    pings.push(...sent)
    const results = sent.map(ping => {
      const nth = (tries.get(ping.pingId) ?? 0) + 1
      tries.set(ping.pingId, nth)
      const code = fails(ping, nth)
      if (code === undefined) recorded.add(ping.pingId)
      return code === undefined ? {} : { pingId: ping.pingId, failure: { code, message: `scripted failure ${code}`, retryAfterMs: 10 } }
    })
    return { results }
  }

  const take = async (context: HandlerContext, record: () => void): Promise<void> => {
    const step = steps.shift() ?? 'answer'
    if (typeof step === 'object') throw new ConnectError(`scripted ${Code[step.code]}`, step.code, step.headers)
    record()
    if (step === 'lose reply') context.values.get(cutKey)()
    if (step !== 'answer') await new Promise(resolve => context.signal.addEventListener('abort', resolve))
  }
  const handler = connectNodeAdapter({
    contextValues: request => createContextValues().set(cutKey, () => cut(request)),
    routes: router =>
      router.service(PingService, {
        ping: async (request, context) => {
          pings.push(request)
          await take(context, () => pings.length > forgets && recorded.add(request.pingId))
          return {}
        },
        pingBatch: async ({ pings: sent }, context) => {
          let answer: ReturnType<typeof recordAll> = { results: [] }
          await take(context, () => (answer = recordAll(sent)))
          return losesResult ? { results: answer.results.slice(1) } : answer
        },
        pingStream: async function* (messages, context) {
          for await (const { pings: sent } of messages) {
            let answer: ReturnType<typeof recordAll> = { results: [] }
            await take(context, () => (answer = recordAll(sent)))
            yield answer
          }
        },
        pingCount: async (request, context) => {
          counts.push(request)
          await take(context, () => undefined)
          context.responseHeader.set('ping-count-source', 'cache')
          context.responseHeader.set('ping-count-age-ms', '120')
          return { pingCount: BigInt(recorded.size) }
        },
        watchCount: async function* (_, context) {
          await take(context, () => undefined)
          for (let last = -1; !context.signal.aborted; await wait(10, context.signal)) {
            if (recorded.size !== last) yield { pingCount: BigInt((last = recorded.size)), source: CountSource.CACHE, ageMs: 120n }
          }
        },
        listBuckets: async (request, context) => {
          bucketLists.push(request)
          await take(context, () => undefined)
          context.responseHeader.set('ping-count-source', 'database')
          context.responseHeader.set('ping-count-age-ms', '3')
          return { buckets: [...buckets] }
        },
      }),
  })
  const sockets = new Set<Socket>()
  const server = listenerOf(http2 ? 'grpc' : protocol, handler, tls)
  server.on('connection', (socket: Socket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
  })
  await new Promise<void>(resolve => server.listen(port, '127.0.0.1', resolve))
  const address = server.address() as AddressInfo
  return {
    address: `${tls ? 'https' : 'http'}://127.0.0.1:${address.port}`,
    port: address.port,
    pings,
    counts,
    bucketLists,
    sizes,
    recorded,
    stop: async () => {
      const closed = new Promise(resolve => server.close(resolve))
      for (const socket of sockets) socket.destroy()
      await closed
    },
  }
}

function listenerOf(protocol: Protocol, handler: ReturnType<typeof connectNodeAdapter>, tls: Certificate | undefined): Server {
  if (tls) return protocol === 'grpc' ? createSecureHttp2Server(tls, handler) : createSecureServer(tls, handler)
  return protocol === 'grpc' ? createHttp2Server(handler) : createServer(handler)
}

function cut(request: IncomingMessage | Http2ServerRequest): void {
  if ('stream' in request) request.stream.session?.destroy()
  else request.socket.destroy()
}
