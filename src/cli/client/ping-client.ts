import { Agent } from 'node:http'
import { Agent as SecureAgent } from 'node:https'
import { create } from '@bufbuild/protobuf'
import { Code, ConnectError, createClient, type CallOptions, type Interceptor, type Transport } from '@connectrpc/connect'
import { createConnectTransport, createGrpcTransport, createGrpcWebTransport, Http2SessionManager } from '@connectrpc/connect-node'
import { Consistency, PingBatchRequestSchema, PingService, type PingRequest, type PingResult } from '../../gen/ping/v1/ping_pb.ts'
import type { Credentials } from './credentials.ts'

export const PROTOCOLS = ['connect', 'grpc', 'grpc-web'] as const
export type Protocol = (typeof PROTOCOLS)[number]

export interface ClientOptions {
  /** http or https, without a slash at its end. */
  readonly address: string
  readonly protocol: Protocol
  readonly credentials: Credentials
  /** True: over HTTP/2 with every protocol, as streams need it. */
  readonly http2?: boolean
}

/** The question to PingCount. `range` is `[start, end)` in ms since the epoch. */
export interface CountQuestion {
  readonly range: { readonly start: bigint; readonly end: bigint } | undefined
  readonly strong: boolean
}

/** The answer of PingCount; source and age are undefined if the server does not report them. */
export interface CountAnswer {
  readonly count: bigint
  readonly source: string | undefined
  readonly ageMs: number | undefined
}

/** One server, over one protocol. Every call may be repeated: a ping carries its id. */
export interface PingClient {
  ping(id: string, timestampMs: bigint | undefined, call: CallOptions): Promise<void>
  /** One result per ping, in their order. */
  batch(pings: readonly PingRequest[], call: CallOptions): Promise<readonly PingResult[]>
  /** The results in the order of the pings, as they arrive. Over HTTP/2 only. */
  stream(messages: AsyncIterable<readonly PingRequest[]>, call: CallOptions): AsyncIterable<readonly PingResult[]>
  count(question: CountQuestion, call: CallOptions): Promise<CountAnswer>
  /** Closes the connections. */
  close(): void
}

export function createPingClient(options: ClientOptions): PingClient {
  const { transport, close } = options.protocol === 'grpc' || options.http2 === true ? overHttp2(options) : overHttp1(options)
  const service = createClient(PingService, transport)
  return {
    close,
    ping: async (id, timestampMs, call) => {
      await service.ping({ pingId: id, ...(timestampMs !== undefined && { timestampMs }) }, call)
    },
    batch: async (pings, call) => {
      const request = create(PingBatchRequestSchema)
      request.pings = [...pings]
      const { results } = await service.pingBatch(request, call)
      // A ping without a result is not acknowledged.
      if (results.length !== pings.length) throw new ConnectError(`got ${results.length} results, expected ${pings.length}`, Code.Internal)
      return results
    },
    stream: (messages, call) => resultsOf(service.pingStream(requestsOf(messages), call)),
    count: async (question, call) => {
      let headers = new Headers()
      const { pingCount } = await service.pingCount(
        {
          ...(question.range && { timeRange: question.range }),
          consistency: question.strong ? Consistency.STRONG : Consistency.UNSPECIFIED,
        },
        { ...call, onHeader: got => (headers = got) },
      )
      return { count: pingCount, source: headers.get('ping-count-source') ?? undefined, ageMs: age(headers) }
    },
  }
}

async function* requestsOf(messages: AsyncIterable<readonly PingRequest[]>): AsyncGenerator<{ pings: PingRequest[] }> {
  for await (const pings of messages) yield { pings: [...pings] }
}

async function* resultsOf(responses: AsyncIterable<{ readonly results: readonly PingResult[] }>): AsyncGenerator<readonly PingResult[]> {
  for await (const { results } of responses) yield results
}

function age(headers: Headers): number | undefined {
  const text = headers.get('ping-count-age-ms')
  return text !== null && /^\d+$/.test(text) ? Number(text) : undefined
}

interface Connected {
  readonly transport: Transport
  close(): void
}

/**
 * The library stops listening to a session that it abandons. A later error of that session, such as an answer that
 * is not HTTP/2, would then be unhandled and end the process.
 */
class HeardSessions extends Http2SessionManager {
  readonly #heard = new WeakSet<object>()

  override async request(...args: Parameters<Http2SessionManager['request']>): ReturnType<Http2SessionManager['request']> {
    const stream = await super.request(...args)
    const { session } = stream
    if (session && !this.#heard.has(session)) {
      this.#heard.add(session)
      session.on('error', () => undefined)
    }
    return stream
  }
}

/** gRPC needs trailers, so HTTP/2: ALPN over https, prior knowledge over http. */
function overHttp2({ address, protocol, credentials }: ClientOptions): Connected {
  const sessionManager = new HeardSessions(address, undefined, tlsOf(credentials))
  const options = { baseUrl: address, httpVersion: '2', sessionManager, interceptors: sendToken(credentials) } as const
  return {
    transport:
      protocol === 'grpc'
        ? createGrpcTransport(options)
        : protocol === 'connect'
          ? createConnectTransport(options)
          : createGrpcWebTransport(options),
    close: () => sessionManager.abort(),
  }
}

/** Connect and gRPC-Web over HTTP/1.1, as browsers and curl use it; one connection for each concurrent call. */
function overHttp1({ address, protocol, credentials }: ClientOptions): Connected {
  const agent = address.startsWith('https:') ? new SecureAgent({ keepAlive: true, ...tlsOf(credentials) }) : new Agent({ keepAlive: true })
  const create = protocol === 'connect' ? createConnectTransport : createGrpcWebTransport
  return {
    transport: create({ baseUrl: address, httpVersion: '1.1', nodeOptions: { agent }, interceptors: sendToken(credentials) }),
    close: () => agent.destroy(),
  }
}

function tlsOf({ ca, cert, key }: Credentials) {
  return { ...(ca !== undefined && { ca }), ...(cert !== undefined && { cert, key }) }
}

function sendToken({ token }: Credentials): Interceptor[] {
  if (token === undefined) return []
  return [
    next => request => {
      request.header.set('authorization', `Bearer ${token}`)
      return next(request)
    },
  ]
}
