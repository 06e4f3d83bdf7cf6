import { randomUUID } from 'node:crypto'
import { connect, type Socket } from 'node:net'
import { within } from '../../../src/runtime/wait.ts'

const ANSWER_LIMIT_MS = 10_000

/** A connection to NATS by its text protocol, with one request at a time. */
export class NatsConnection {
  readonly #socket: Socket
  /** Where answers to this connection go. */
  readonly #inbox = `_INBOX.${randomUUID()}`
  #pending = ''
  #answered: ((body: string) => void) | undefined
  #failed: ((error: Error) => void) | undefined

  private constructor(port: number) {
    this.#socket = connect({ host: '127.0.0.1', port, noDelay: true })
    this.#socket.setEncoding('latin1')
    this.#socket.on('data', (text: string) => this.#read(text))
    this.#socket.on('error', error => this.#fail(error))
    this.#socket.on('close', () => this.#fail(new Error('NATS closed the connection')))
    this.#socket.write(`CONNECT {"verbose":false,"pedantic":false}\r\nSUB ${this.#inbox} 1\r\n`)
  }

  static async open(port: number): Promise<NatsConnection> {
    const connection = new NatsConnection(port)
    await connection.request('$JS.API.INFO', '')
    return connection
  }

  /** Publishes and waits for the answer, at most ten seconds. */
  request(subject: string, body: string): Promise<string> {
    const answer = new Promise<string>((resolve, reject) => this.send(subject, body, resolve, reject))
    return within(ANSWER_LIMIT_MS, `NATS did not answer ${subject}`, answer)
  }

  /** Publishes; exactly one of the two is called, once. */
  send(subject: string, body: string, answered: (body: string) => void, failed: (error: Error) => void): void {
    this.#answered = answered
    this.#failed = failed
    this.#socket.write(`PUB ${subject} ${this.#inbox} ${body.length}\r\n${body}\r\n`)
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

  /** Reads whole lines: INFO and PONG are ignored, PING needs a PONG, -ERR ends the connection, MSG is the answer, followed by its body. */
  #read(text: string): void {
    this.#pending += text
    for (;;) {
      const end = this.#pending.indexOf('\r\n')
      if (end < 0) return
      const line = this.#pending.slice(0, end)
      const size = line.startsWith('MSG ') ? Number(line.slice(line.lastIndexOf(' ') + 1)) : undefined
      const next = end + 2 + (size === undefined ? 0 : size + 2)
      if (this.#pending.length < next) return
      const body = this.#pending.slice(end + 2, next - 2)
      this.#pending = this.#pending.slice(next)
      if (size !== undefined) this.#answered?.(body)
      else if (line === 'PING') this.#socket.write('PONG\r\n')
      else if (line.startsWith('-ERR')) this.#fail(new Error(`NATS: ${line}`))
    }
  }
}
