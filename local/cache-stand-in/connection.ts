import type { Socket } from 'node:net'
import { execute } from './execute.ts'
import { MAX_REQUEST_BYTES, SMALL_CLIENT_BYTES, TURN_MS } from './limits.ts'
import { ProtocolError, RespReader, type Request } from './resp-reader.ts'
import { ReplyTooLong, RespWriter } from './resp-writer.ts'
import { Session } from './session.ts'
import type { Store } from './store.ts'

export interface ConnectionHooks {
  readonly log: (line: string) => void
  /** Called when it holds so much that all of them together may hold too much. */
  readonly grown: () => void
}

/**
 * One client. Its commands are carried out one after the other; while it does not read its answers, no more are, and when
 * it goes on sending then, it is hung up on.
 */
export class Connection {
  readonly #socket: Socket
  readonly #store: Store
  readonly #hooks: ConnectionHooks
  readonly #session: Session
  readonly #reader = new RespReader()
  readonly #writer = new RespWriter()
  #turn: NodeJS.Immediate | undefined

  constructor(socket: Socket, store: Store, hooks: ConnectionHooks) {
    this.#socket = socket
    this.#store = store
    this.#hooks = hooks
    this.#session = new Session(store.databases, ++store.connectionsReceived, `${socket.remoteAddress}:${socket.remotePort}`)
    store.sessions.add(this.#session)
    socket.once('close', () => {
      this.#session.endQueue()
      store.sessions.delete(this.#session)
    })
    socket.on('data', chunk => {
      this.#reader.add(chunk as Buffer) // no encoding is set: chunks are bytes
      this.#work()
    })
    socket.on('drain', () => this.#work())
  }

  get heldBytes(): number {
    return this.#reader.heldBytes + this.#session.heldBytes + this.#socket.writableLength
  }

  /** Ends it at once, whatever it waits for. */
  hangUp(reason: string): void {
    this.#hooks.log(`hung up on ${this.#session.address}: ${reason}`)
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
    if (this.#reader.heldBytes > MAX_REQUEST_BYTES) return this.hangUp(`it sent more than ${MAX_REQUEST_BYTES} bytes without reading the answers`)
    if (this.heldBytes > SMALL_CLIENT_BYTES) this.#hooks.grown()
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

  /** Whatever went wrong ends this connection, and no other. */
  #fail(error: unknown): void {
    if (error instanceof ReplyTooLong) return this.hangUp(error.message)
    this.#session.closing = true
    if (error instanceof ProtocolError) return this.#writer.write({ error: `ERR Protocol error: ${error.message}` }, 2)
    this.#hooks.log(`a command of ${this.#session.address} failed: ${error instanceof Error ? error.stack : String(error)}`)
    this.#writer.write({ error: 'ERR internal error of the stand-in, see its output' }, 2)
  }

  #refuseHttp(): void {
    this.#session.closing = true
    if (this.#store.warnsOfHttp()) {
      this.#hooks.log(`possible attack: ${this.#session.address} speaks HTTP, as a web page does that wants commands carried out here. It was hung up on, and so is every other (told once a minute).`)
    }
  }
}

/** `POST` and `Host:` as commands, as Redis has it, and any first line of HTTP. */
function isHttp({ args, isTyped }: Request): boolean {
  return /^(post|host:)$/i.test(args[0] ?? '') || (isTyped && /^HTTP\/\d/.test(args.at(-1) ?? ''))
}
