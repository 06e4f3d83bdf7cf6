import { connect, type Socket } from 'node:net'
import { ResponseReader, type HttpAnswer } from './response-reader.ts'

const READ_BUFFER_BYTES = 16 * 1024

/** One keep-alive connection that sends prepared bytes and waits for the answer before the next. */
export class HttpConnection {
  readonly #socket: Socket
  readonly #reader = new ResponseReader()
  #answered: ((answer: HttpAnswer) => void) | undefined
  #failed: ((error: Error) => void) | undefined

  private constructor(port: number, connected: () => void, failed: (error: Error) => void) {
    this.#failed = failed
    this.#socket = connect(
      {
        host: '127.0.0.1',
        port,
        noDelay: true,
        onread: { buffer: Buffer.allocUnsafe(READ_BUFFER_BYTES), callback: (size, bytes) => this.#read(bytes, size) },
      },
      connected,
    )
    this.#socket.on('error', error => this.#fail(error))
    this.#socket.on('close', () => this.#fail(new Error(`connection to port ${port} was closed`)))
  }

  static async open(port: number): Promise<HttpConnection> {
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const connection = new HttpConnection(port, resolve, reject)
    await promise
    return connection
  }

  /** Sends a request; exactly one of the two is called, once. */
  send(request: Buffer, answered: (answer: HttpAnswer) => void, failed: (error: Error) => void): void {
    this.#answered = answered
    this.#failed = failed
    this.#socket.write(request)
  }

  ask(request: Buffer): Promise<HttpAnswer> {
    return new Promise((resolve, reject) => this.send(request, resolve, reject))
  }

  close(): void {
    this.#failed = undefined
    this.#socket.destroy()
  }

  #fail(error: Error): void {
    const failed = this.#failed
    this.#failed = undefined
    failed?.(error)
  }

  #read(bytes: Uint8Array, size: number): boolean {
    const answer = this.#reader.push(Buffer.from(bytes.buffer, bytes.byteOffset, size))
    if (answer !== undefined) {
      this.#failed = undefined
      this.#answered?.(answer)
    }
    return true
  }
}

/** The bytes of a Connect call in JSON over HTTP/1.1. */
export function connectRequest(method: 'Ping' | 'PingCount', message: object): Buffer {
  const body = JSON.stringify(message)
  return Buffer.from(
    `POST /ping.v1.PingService/${method} HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\n` +
      `content-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  )
}
