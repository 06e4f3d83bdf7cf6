import { constants } from 'node:http2'
import type { Socket } from 'node:net'

/** `pingcli` recognizes the beginning: src/cli/client/failures.ts. */
const MESSAGE = 'this port speaks TLS: got clear text, expected an https address'
/** How long the caller may take to read the answer, in ms. Closing a connection with unread input would discard the answer. */
const LINGER_MS = 1_000
const SETTINGS_FRAME = 4
const GOAWAY_FRAME = 7

/** Answers a caller in clear text that TLS is required, in the form of Connect, gRPC-Web or HTTP/2, and closes the connection. */
export function refuseClearText(socket: Socket, version: 'http1' | 'http2'): void {
  const timer = setTimeout(() => socket.destroy(), LINGER_MS)
  socket.once('close', () => clearTimeout(timer)).on('error', () => socket.destroy())
  socket.end(version === 'http2' ? goAway() : badRequest())
  socket.resume()
}

function badRequest(): string {
  const body = `${JSON.stringify({ code: 'failed_precondition', message: MESSAGE })}\n`
  const headers = ['content-type: application/json', `content-length: ${body.length}`, 'connection: close', `grpc-message: ${MESSAGE}`]
  return `HTTP/1.1 400 Bad Request\r\n${headers.join('\r\n')}\r\n\r\n${body}`
}

/** RFC 9113, 3.4 and 6.8: a SETTINGS frame, then a GOAWAY that says that no stream was processed. */
function goAway(): Buffer {
  const reason = Buffer.alloc(8)
  reason.writeUInt32BE(constants.NGHTTP2_INADEQUATE_SECURITY, 4)
  return Buffer.concat([frame(SETTINGS_FRAME, Buffer.alloc(0)), frame(GOAWAY_FRAME, Buffer.concat([reason, Buffer.from(MESSAGE)]))])
}

/** A frame without flags on stream 0. */
function frame(type: number, payload: Buffer): Buffer {
  const header = Buffer.alloc(9)
  header.writeUIntBE(payload.length, 0, 3)
  header.writeUInt8(type, 3)
  return Buffer.concat([header, payload])
}
