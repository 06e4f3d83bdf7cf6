import { STATUS_CODES } from 'node:http'
import type { Duplex } from 'node:stream'
import { cutText } from '../../runtime/shown-text.ts'
import type { HttpLimits } from './limits.ts'

/** How long the caller may take to read the answer, in ms. Closing a connection with unread input would discard the answer. */
const LINGER_MS = 1_000
const MAX_REASON = 200

/** What Node knows of the answer that it is writing to a connection. */
interface Answering {
  readonly headersSent: boolean
  readonly req: { readonly complete: boolean }
  once(event: 'close', listener: () => void): unknown
}

/** Answers an HTTP/1.1 connection that sent malformed bytes, or a request too slowly, after the answers to earlier requests; then closes it. */
export function answerUnreadable(error: NodeJS.ErrnoException, socket: Duplex, limits: HttpLimits): void {
  if (socket.writableEnded) return // it is being closed
  const { _httpMessage: answering } = socket as Duplex & { readonly _httpMessage?: Answering | null }
  if (answering?.req.complete === true) return void answering.once('close', () => answerUnreadable(error, socket, limits))
  if (!socket.writable || error.code === 'ECONNRESET' || answering?.headersSent === true) return void socket.destroy()
  const [status, text] = reasonOf(error, limits)
  closeWith(socket, status, text)
}

/** Sends a last answer on an HTTP/1.1 connection and closes it. */
export function closeWith(socket: Duplex, status: number, text: string, headers: readonly string[] = []): void {
  const timer = setTimeout(() => socket.destroy(), LINGER_MS)
  socket.once('close', () => clearTimeout(timer)).on('error', () => socket.destroy())
  const body = `${text}\n`
  const head = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}`,
    'content-type: text/plain; charset=utf-8',
    `content-length: ${Buffer.byteLength(body)}`,
    ...headers,
    'connection: close',
  ]
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`)
  socket.resume()
}

function reasonOf(error: NodeJS.ErrnoException, limits: HttpLimits): readonly [status: number, text: string] {
  switch (error.code) {
    case 'HPE_HEADER_OVERFLOW':
      return [431, `request line and headers: got more than ${limits.maxHeaderBytes} bytes, expected at most ${limits.maxHeaderBytes}`]
    case 'HPE_CHUNK_EXTENSIONS_OVERFLOW':
      return [413, 'chunk extensions: got more than 16384 bytes, expected none']
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return [
        408,
        `request: got only part of it, expected all headers within ${limits.headersMs} ms, and the body within ${limits.requestMs} ms`,
      ]
    default:
      return [
        400,
        `request: got bytes that are not HTTP/1.1 (${cutText(error.message, MAX_REASON)}), expected a request such as GET /livez HTTP/1.1`,
      ]
  }
}
