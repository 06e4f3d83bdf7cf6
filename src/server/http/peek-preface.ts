import type { Socket } from 'node:net'

export type Version = 'http1' | 'http2'

/** How an HTTP/2 connection begins (RFC 9113, 3.4); PRI is reserved, so no HTTP/1.1 request begins so. */
const PREFACE_START = Buffer.from('PRI ')

/**
 * Learns from a connection's first bytes which version of HTTP it speaks, and gives the bytes back to the
 * socket. A connection that does not say so in time, or breaks before, is closed.
 */
export function peekPreface(socket: Socket, timeoutMs: number, decided: (version: Version) => void): void {
  let seen: Buffer = Buffer.alloc(0)
  const timer = setTimeout(() => socket.destroy(), timeoutMs)
  const onData = (chunk: Buffer): void => {
    seen = seen.length === 0 ? chunk : Buffer.concat([seen, chunk])
    const version = versionOf(seen)
    if (version === undefined) return
    stop()
    socket.pause()
    socket.unshift(seen)
    decided(version)
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

/** Undefined while the bytes may still become either. */
function versionOf(seen: Buffer): Version | undefined {
  const length = Math.min(seen.length, PREFACE_START.length)
  if (seen.compare(PREFACE_START, 0, length, 0, length) !== 0) return 'http1'
  return seen.length >= PREFACE_START.length ? 'http2' : undefined
}
