import { createServer as createHttp1, type Server } from 'node:http'
import { constants, createServer as createHttp2, type Http2Server, type ServerHttp2Session } from 'node:http2'
import type { Socket } from 'node:net'
import type { TLSSocket } from 'node:tls'
import type { HttpRequest, HttpResponse } from '../../runtime/answer-page.ts'
import { listen, type Listening, type ListenOptions } from '../../runtime/listen.ts'
import { refuseClearText } from '../tls/refuse-clear-text.ts'
import { TlsPort, type TlsIdentity } from '../tls/tls-port.ts'
import { noTunnel, noTunnelText, wrongExpectation } from './explanations.ts'
import type { HttpLimits } from './limits.ts'
import { peekPreface, type Opening } from './peek-preface.ts'
import { answerUnreadable, closeWith } from './unreadable-request.ts'

/** The highest stream number. A GOAWAY with it refuses no stream yet (RFC 9113, 6.8). */
const EVERY_STREAM = 2 ** 31 - 1
/** After this notice, a session accepts requests that were already on their way for this many ms. */
const GOAWAY_NOTICE_MS = 100

export interface OnePortOptions {
  readonly limits: HttpLimits
  /** Undefined: clear text. */
  readonly tls: TlsIdentity | undefined
  /** The methods that some path accepts. */
  readonly methods: readonly string[]
}

/**
 * HTTP/1.1 and HTTP/2 on one port. Node's HTTP/1.1 server owns the port. Each connection is handed to it or to the HTTP/2 server,
 * chosen by the first bytes in clear text, or by ALPN over TLS.
 */
export class OnePort {
  readonly #http1: Server
  readonly #http2: Http2Server
  readonly #serveHttp1: (socket: Socket) => void
  readonly #limits: HttpLimits
  readonly #sessions = new Set<ServerHttp2Session>()
  readonly #undecided = new Set<Socket>()
  #listening: Listening | undefined
  readonly #tls: TlsPort | undefined
  #closing = false

  constructor(handler: (request: HttpRequest, response: HttpResponse) => void, options: OnePortOptions) {
    const { limits, tls } = options
    this.#limits = limits
    const secured = (socket: TLSSocket): void => (socket.alpnProtocol === 'h2' ? this.#serveHttp2(socket) : this.#serveSecureHttp1(socket))
    this.#tls = tls && new TlsPort({ ...tls, handshakeMs: limits.firstBytesMs, secured })
    this.#http2 = createHttp2({ settings: { maxConcurrentStreams: limits.maxStreams, maxHeaderListSize: limits.maxHeaderBytes } }, handler)
    this.#http2.on('session', session => this.#opened(session))
    this.#http1 = createHttp1(http1Options(limits), handler)
    answerFaults(this.#http1, this.#http2, options)
    const [serveHttp1] = this.#http1.listeners('connection')
    this.#serveHttp1 = socket => serveHttp1?.call(this.#http1, socket)
    this.#http1.removeAllListeners('connection')
    this.#http1.on('connection', (socket: Socket) => {
      socket.setKeepAlive(true, limits.probeAfterMs)
      this.#undecided.add(socket)
      socket.once('close', () => this.#undecided.delete(socket))
      peekPreface(socket, limits.firstBytesMs, opening => {
        this.#undecided.delete(socket)
        this.#serve(socket, opening)
      })
    })
  }

  #serve(socket: Socket, opening: Opening): void {
    if (this.#tls !== undefined) return opening === 'tls' ? this.#tls.accept(socket) : refuseClearText(socket, opening)
    if (opening === 'http2') return this.#serveHttp2(socket)
    this.#serveHttp1(socket)
    socket.resume() // the peek paused it, but Node's listener expects a flowing socket
  }

  #serveSecureHttp1(socket: TLSSocket): void {
    this.#serveHttp1(socket)
    // With this listener the socket gives Node's parser the bytes one record at a time, and none while the parser waits until
    // answers are read. Without it the parser reads from the underlying handle, and a record that arrives then breaks the connection.
    socket.on('data', () => undefined)
  }

  /** Resolves to the port. */
  async listen(options: ListenOptions): Promise<number> {
    this.#listening = await listen(this.#http1, options)
    return this.#listening.port
  }

  /** Refuses new connections; open ones continue. HTTP/2 callers get a GOAWAY, so that they open no more streams here. */
  stopAccepting(): void {
    this.#closing = true
    void this.#listening?.close()
    for (const session of this.#sessions) sendGoaway(session)
  }

  /** Closes connections without a request in flight. */
  closeIdle(): void {
    this.#http1.closeIdleConnections()
    this.#tls?.closeUnfinished()
    for (const socket of this.#undecided) socket.destroy()
  }

  /** Closes every connection, no matter what is in flight. */
  closeAll(): void {
    this.#http1.close()
    this.#http1.closeAllConnections()
    this.#tls?.closeUnfinished()
    for (const socket of this.#undecided) socket.destroy()
    for (const session of this.#sessions) session.destroy()
  }

  /** The number of open connections, of both kinds. */
  async connections(): Promise<number> {
    return (await this.#listening?.connections()) ?? 0
  }

  #serveHttp2(socket: Socket): void {
    // The port allows half-open connections for HTTP/1.1; an HTTP/2 session whose other end has closed is over.
    socket.allowHalfOpen = false
    this.#http2.emit('connection', socket)
  }

  #opened(session: ServerHttp2Session): void {
    this.#sessions.add(session)
    session.once('close', () => this.#sessions.delete(session))
    let streams = 0
    session.setTimeout(this.#limits.firstBytesMs, () => {
      if (streams === 0) session.close()
    })
    session.on('stream', stream => {
      if (streams++ === 0) session.setTimeout(this.#limits.sessionIdleMs)
      stream.once('close', () => streams--)
    })
    if (this.#closing) sendGoaway(session)
  }
}

/** Answers with an explanation where Node would close the connection or answer without one. */
function answerFaults(http1: Server, http2: Http2Server, { limits, methods }: OnePortOptions): void {
  http1.on('clientError', (error: Error, socket) => answerUnreadable(error, socket, limits))
  http1.on('connect', (_, socket) => closeWith(socket, 405, noTunnelText(methods), [`allow: ${methods.join(', ')}`]))
  http1.on('checkExpectation', wrongExpectation)
  http2.on('connect', (request, response) => noTunnel(request, response, methods)).on('checkExpectation', wrongExpectation)
  // A caller may end its own side of the connection and wait for the answer, as `nc -N` does. Not in Node's types.
  Object.assign(http1, { httpAllowHalfOpen: true })
}

function http1Options(limits: HttpLimits) {
  return {
    requireHostHeader: false, // requestFault answers with an explanation instead
    headersTimeout: limits.headersMs,
    requestTimeout: limits.requestMs,
    keepAliveTimeout: limits.keepAliveMs,
    maxHeaderSize: limits.maxHeaderBytes,
    connectionsCheckingInterval: limits.checkMs,
  }
}

/** Sends GOAWAY in two steps: first the notice, then, when requests on their way have arrived, the end. */
function sendGoaway(session: ServerHttp2Session): void {
  if (session.closed || session.destroyed) return
  session.goaway(constants.NGHTTP2_NO_ERROR, EVERY_STREAM)
  setTimeout(() => session.close(), GOAWAY_NOTICE_MS)
}
