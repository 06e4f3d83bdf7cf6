import { Agent } from 'node:http'
import { Agent as SecureAgent } from 'node:https'
import type { Interceptor, Transport } from '@connectrpc/connect'
import { createConnectTransport, createGrpcTransport, createGrpcWebTransport, Http2SessionManager } from '@connectrpc/connect-node'
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

/** Connections to one server, opened by the first call. */
export interface Connected {
  readonly transport: Transport
  /** Closes the connections. */
  close(): void
}

export function connectTo(options: ClientOptions): Connected {
  return options.protocol === 'grpc' || options.http2 === true ? overHttp2(options) : overHttp1(options)
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
