import type { Socket } from 'node:net'
import { execute } from './execute.ts'
import { MAX_WAITING_BYTES, SMALL_CLIENT_BYTES, TURN_MS } from './limits.ts'
import { ProtocolError, RespReader, type Request } from './resp-reader.ts'
import { ReplyTooLong, RespWriter } from './resp-writer.ts'
import { Session } from './session.ts'
import type { Store } from './store.ts'

/**
 * One client. Its commands run one after the other. While it does not read its answers, no further command runs; if it keeps
 * sending, it is disconnected.
 */
export class Connection {
  readonly #socket: Socket
  readonly #store: Store
  readonly #grown: () => void
  readonly #session: Session
  readonly #reader = new RespReader()
  readonly #writer = new RespWriter()
  #turn: NodeJS.Immediate | undefined

  /** `grown` is called when it holds so much that all connections together may hold too much. */
  constructor(socket: Socket, store: Store, grown: () => void) {
    this.#socket = socket
    this.#store = store
    this.#grown = grown
    this.#session = new Session(store.databases, ++store.connectionsReceived, `${socket.remoteAddress}:${socket.remotePort}`)
    store.sessions.add(this.#session)
    socket.once('close', () => {
      this.#session.closing = true
      this.#session.endQueue()
      store.sessions.delete(this.#session)
    })
    socket.on('data', chunk => {
      this.#reader.add(chunk as Buffer) // no encoding is set: chunks are bytes
      this.#work()
    })
    socket.on('drain', () => this.#work())
  }

  /** 0 once it is disconnected. */
  get heldBytes(): number {
    if (this.#socket.destroyed) return 0
    return this.#reader.heldBytes + this.#session.heldBytes + this.#socket.writableLength
  }

  /** Disconnects it at once, even if it waits for something. */
  hangUp(kind: string, reason: string): void {
    this.#store.warn(kind, `disconnected ${this.#session.address}: ${reason}`)
    this.#session.closing = true
    this.#socket.destroy()
  }

  #work(): void {
    if (this.#session.closing) return
    try {
      this.#carryOut()
    } catch (error) {
      this.#fail(error)
    }
    if (this.#socket.destroyed) return
    this.#send()
    if (this.#session.closing) return this.#socket.destroySoon()
    if (this.#reader.heldBytes > MAX_WAITING_BYTES)
      return this.hangUp(
        'too much at once',
        `it sent ${this.#reader.heldBytes} bytes that wait for the rest of a command, or for the client to read answers`,
      )
    if (this.heldBytes > SMALL_CLIENT_BYTES) this.#grown()
  }

  #carryOut(): void {
    const beganAtMs = performance.now()
    while (!this.#session.closing && !this.#socket.writableNeedDrain && this.#turn === undefined) {
      const request = this.#reader.next()
      if (!request) return
      if (isHttp(request)) return this.#refuseHttp()
      this.#writer.write(execute(this.#store, this.#session, request.args), this.#session.protocol)
      if (this.#writer.hasPiece) this.#send()
      if (performance.now() - beganAtMs > TURN_MS) this.#goOnLater()
    }
  }

  #goOnLater(): void {
    this.#turn = setImmediate(() => {
      this.#turn = undefined
      this.#work()
    })
  }

  #send(): void {
    for (const piece of this.#writer.take()) this.#socket.write(piece)
  }

  /** An error ends this connection, and no other. */
  #fail(error: unknown): void {
    if (error instanceof ReplyTooLong) return this.hangUp('long reply', error.message)
    this.#session.closing = true
    if (error instanceof ProtocolError) return this.#writer.write({ error: `ERR Protocol error: ${error.message}` }, 2)
    this.#store.warn('failure', `a command of ${this.#session.address} failed: ${error instanceof Error ? error.stack : String(error)}`)
    this.#writer.write({ error: 'ERR internal error of the stand-in; see its output' }, 2)
  }

  #refuseHttp(): void {
    this.#session.closing = true
    this.#store.warn(
      'http',
      `possible attack: ${this.#session.address} speaks HTTP, as a web page does that tries to run commands here; disconnected it (logged once a minute)`,
    )
  }
}

/** `POST` and `Host:` as commands, as Redis has it, and any first line of HTTP. */
function isHttp({ args, isTyped }: Request): boolean {
  return /^(post$|host:)/i.test(args[0] ?? '') || (isTyped && /^HTTP\/\d/.test(args.at(-1) ?? ''))
}
