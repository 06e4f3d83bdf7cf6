import type { Socket } from 'node:net'
import { createServer, type Server, type TLSSocket } from 'node:tls'
import type { WatchedFiles } from '../../runtime/watch-files.ts'
import type { ServerCertificate } from './certificate.ts'

export interface TlsIdentity {
  readonly certificate: WatchedFiles<ServerCertificate>
  /** Whether callers are asked for a certificate. One without is let in, marked as not authorized: probes have none. */
  readonly asksClients: boolean
  /** A handshake has failed; its connection is closed. */
  readonly failed: (error: NodeJS.ErrnoException) => void
}

export interface TlsPortOptions extends TlsIdentity {
  /** For a whole handshake, in ms. */
  readonly handshakeMs: number
  /** A handshake is over, and the next protocol agreed upon. */
  readonly secured: (socket: TLSSocket) => void
}

/** TLS, with HTTP/2 and HTTP/1.1 by ALPN, on connections that others accept. A changed certificate holds for new ones. */
export class TlsPort {
  readonly #server: Server
  readonly #handshakeMs: number
  /** The connections whose handshake is not over, by their ends. */
  readonly #unfinished = new Map<string, Socket>()

  constructor({ certificate, asksClients, handshakeMs, secured, failed }: TlsPortOptions) {
    this.#handshakeMs = handshakeMs
    this.#server = createServer({
      ...certificate.value().context,
      ALPNProtocols: ['h2', 'http/1.1'],
      requestCert: asksClients,
      rejectUnauthorized: false,
    })
    certificate.onChange(({ context }) => this.#server.setSecureContext(context))
    this.#server.on('secureConnection', socket => {
      this.#unfinished.delete(endsOf(socket))
      socket.allowHalfOpen = true // as of connections in clear text: who has sent a request may say that it was the last
      secured(socket)
    })
    this.#server.on('tlsClientError', (error, socket) => {
      failed(error)
      socket.destroy()
    })
  }

  /** Begins the handshake; bytes that were given back to the socket are part of it. */
  accept(socket: Socket): void {
    const ends = endsOf(socket)
    this.#unfinished.set(ends, socket)
    const timer = setTimeout(() => this.#unfinished.get(ends) === socket && socket.destroy(), this.#handshakeMs)
    socket.once('close', () => {
      clearTimeout(timer)
      if (this.#unfinished.get(ends) === socket) this.#unfinished.delete(ends)
    })
    // A caller that ends within its handshake is gone.
    socket.allowHalfOpen = false
    this.#server.emit('connection', socket)
  }

  /** Cuts the handshakes that are not over. */
  closeUnfinished(): void {
    for (const socket of this.#unfinished.values()) socket.destroy()
  }
}

function endsOf({ localAddress, remoteAddress, remotePort }: Socket): string {
  return `${localAddress} ${remoteAddress} ${remotePort}`
}
