import type { Socket } from 'node:net'
import { createServer, type Server, type TLSSocket } from 'node:tls'
import type { WatchedFiles } from '../../runtime/watch-files.ts'
import type { ServerCertificate } from './certificate.ts'

export interface TlsIdentity {
  readonly certificate: WatchedFiles<ServerCertificate>
  /** Whether callers are asked for a certificate. A caller without one is accepted but marked as not authorized: probes have none. */
  readonly asksClients: boolean
  /** Called when a handshake has failed. Its connection is closed. */
  readonly failed: (error: NodeJS.ErrnoException) => void
}

export interface TlsPortOptions extends TlsIdentity {
  /** Maximum time for a handshake, in ms. */
  readonly handshakeMs: number
  /** Called when a handshake is done and the next protocol is negotiated. */
  readonly secured: (socket: TLSSocket) => void
}

/** TLS, with HTTP/2 and HTTP/1.1 by ALPN, on connections that the port accepted. A changed certificate applies to new connections. */
export class TlsPort {
  readonly #server: Server
  readonly #handshakeMs: number
  /** The connections in their handshake, by their addresses. */
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
      this.#unfinished.delete(addressesOf(socket))
      socket.allowHalfOpen = true // as in clear text: a caller may end its side after its last request
      secured(socket)
    })
    this.#server.on('tlsClientError', (error, socket) => {
      failed(error)
      socket.destroy()
    })
  }

  /** Starts the handshake. Bytes that were returned to the socket are part of it. */
  accept(socket: Socket): void {
    const addresses = addressesOf(socket)
    this.#unfinished.set(addresses, socket)
    const timer = setTimeout(() => this.#unfinished.get(addresses) === socket && socket.destroy(), this.#handshakeMs)
    socket.once('close', () => {
      clearTimeout(timer)
      if (this.#unfinished.get(addresses) === socket) this.#unfinished.delete(addresses)
    })
    // A caller that ends its side within the handshake has disconnected.
    socket.allowHalfOpen = false
    this.#server.emit('connection', socket)
  }

  /** Cuts off unfinished handshakes. */
  closeUnfinished(): void {
    for (const socket of this.#unfinished.values()) socket.destroy()
  }
}

function addressesOf({ localAddress, remoteAddress, remotePort }: Socket): string {
  return `${localAddress} ${remoteAddress} ${remotePort}`
}
