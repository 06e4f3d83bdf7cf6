import type { Socket } from 'node:net'
import { Lines, TOO_LONG } from './lines.ts'
import { BEGINNING_BYTES, isOfHttp, isOtherProtocol } from './other-protocol.ts'
import { HELP } from './replies.ts'
import type { Reply, Session } from './session.ts'

/** So many lines are done before other clients get their turn. */
const LINES_PER_TURN = 64
/** A client that is bid farewell has so long to close its side. */
const LINGER_MS = 1000
/** A peer that vanished without a word is found out, and its message freed. */
const KEEP_ALIVE_DELAY_MS = 30_000

/**
 * One connection: lines in, one line out for each, in order. Nothing more is read while answers wait to be sent, so a client that
 * asks and does not listen fills its own buffers only.
 */
export class Client {
  readonly #socket: Socket
  readonly #session: Session
  readonly #lines: Lines
  readonly #onIntruder: () => void
  /** The first bytes that came; undefined once it is clear that they are of somebody who speaks in lines. */
  #beginning: Buffer | undefined = Buffer.alloc(0)
  #isBusy = false
  #hasEnded = false

  /** `onIntruder`: called when the connection is cut because the other side speaks another protocol. */
  constructor(options: { socket: Socket; session: Session; maxLineBytes: number; onIntruder: () => void }) {
    const { socket, session, maxLineBytes, onIntruder } = options
    this.#onIntruder = onIntruder
    this.#socket = socket
    this.#session = session
    this.#lines = new Lines(maxLineBytes)
    socket.setNoDelay(true)
    socket.setKeepAlive(true, KEEP_ALIVE_DELAY_MS)
    socket.on('data', chunk => this.#received(chunk as Buffer))
    socket.on('drain', () => this.#serve())
    socket.on('end', () => {
      this.#hasEnded = true
      this.#serve()
    })
    socket.on('error', () => socket.destroy()) // told by `close`
    socket.on('close', () => session.end())
    this.#send({ line: HELP })
  }

  /** No more lines are taken; what is answered is sent within `graceMs`. Resolves when the connection is closed. */
  close(graceMs: number): Promise<void> {
    const socket = this.#socket
    if (socket.destroyed) return Promise.resolve()
    return new Promise(resolve => {
      const timer = setTimeout(() => socket.destroy(), graceMs)
      socket.once('close', () => {
        clearTimeout(timer)
        resolve()
      })
      socket.destroySoon()
    })
  }

  #received(chunk: Buffer): void {
    if (!this.#socket.writable) return
    if (this.#beginning !== undefined) {
      this.#beginning = Buffer.concat([this.#beginning, chunk.subarray(0, BEGINNING_BYTES)])
      if (isOtherProtocol(this.#beginning)) return this.#cut()
      if (this.#beginning.length >= BEGINNING_BYTES) this.#beginning = undefined
    }
    this.#lines.add(chunk)
    this.#serve()
  }

  /** Nothing that such a client sent or sends is done, and it is not answered. */
  #cut(): void {
    this.#onIntruder()
    this.#socket.destroy()
  }

  #serve(): void {
    const socket = this.#socket
    if (this.#isBusy || !socket.writable) return
    socket.cork()
    let isLineLeft = true
    for (let count = 0; count < LINES_PER_TURN && this.#mayAnswer() && isLineLeft; count++) isLineLeft = this.#answerNext()
    socket.uncork()
    if (!socket.writable) return
    if (isLineLeft && this.#mayAnswer()) this.#serveLater()
    if (isLineLeft) socket.pause()
    else if (this.#hasEnded) this.#end()
    else socket.resume()
  }

  #mayAnswer(): boolean {
    return !this.#isBusy && !this.#socket.writableNeedDrain && this.#socket.writable
  }

  #serveLater(): void {
    this.#isBusy = true
    setImmediate(() => {
      this.#isBusy = false
      this.#serve()
    })
  }

  /** False when there is no whole line. */
  #answerNext(): boolean {
    const line = this.#lines.next()
    if (line === undefined) return false
    if (line !== TOO_LONG && isOfHttp(line)) {
      this.#cut()
      return false
    }
    const answer = this.#session.answer(line)
    if (!(answer instanceof Promise)) {
      this.#send(answer)
      return true
    }
    this.#isBusy = true
    void answer.then(made => {
      this.#isBusy = false
      this.#send(made)
      this.#serve()
    })
    return true
  }

  #send({ line, isLast }: Reply): void {
    const socket = this.#socket
    if (!socket.writable) return
    if (typeof line === 'string') socket.write(`${line}\n`)
    else {
      socket.write(line)
      socket.write('\n')
    }
    if (isLast) this.#end()
  }

  /**
   * The last word is said. What the client sends nevertheless is dropped, and not left unread: closing then would make the system
   * drop the answers that are on their way.
   */
  #end(): void {
    const socket = this.#socket
    socket.end()
    socket.resume()
    const timer = setTimeout(() => socket.destroy(), LINGER_MS)
    socket.on('close', () => clearTimeout(timer))
  }
}
