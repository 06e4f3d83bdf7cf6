import type { Socket } from 'node:net'

export type Version = 'http1' | 'http2'
export type Opening = Version | 'tls'

/** The type of the first TLS record, a handshake (RFC 8446, 5.1). No HTTP request begins with it. */
const TLS_HANDSHAKE = 22

/** The beginning of an HTTP/2 connection (RFC 9113, 3.4). PRI is reserved, so no HTTP/1.1 request begins with it. */
const PREFACE_START = Buffer.from('PRI ')

/**
 * Detects from a connection's first bytes whether it uses TLS or which version of HTTP, and puts the bytes back into the socket. A
 * connection that sends too few bytes in time, or breaks earlier, is closed.
 */
export function peekPreface(socket: Socket, timeoutMs: number, decided: (opening: Opening) => void): void {
  let seen: Buffer = Buffer.alloc(0)
  const timer = setTimeout(() => socket.destroy(), timeoutMs)
  const onData = (chunk: Buffer): void => {
    seen = seen.length === 0 ? chunk : Buffer.concat([seen, chunk])
    const opening = openingOf(seen)
    if (opening === undefined) return
    stop()
    socket.pause()
    socket.unshift(seen)
    decided(opening)
  }
  const onEnd = (): void => {
    socket.destroy()
  }
  const stop = (): void => {
    clearTimeout(timer)
    socket.removeListener('data', onData).removeListener('end', onEnd).removeListener('error', onEnd).removeListener('close', stop)
  }
  socket.on('data', onData).on('end', onEnd).on('error', onEnd).on('close', stop)
}

/** Undefined: more bytes are needed to decide. */
function openingOf(seen: Buffer): Opening | undefined {
  if (seen[0] === TLS_HANDSHAKE) return 'tls'
  const length = Math.min(seen.length, PREFACE_START.length)
  if (seen.compare(PREFACE_START, 0, length, 0, length) !== 0) return 'http1'
  return seen.length >= PREFACE_START.length ? 'http2' : undefined
}
