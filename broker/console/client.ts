import type { Socket } from 'node:net'
import { Lines, TOO_LONG } from './lines.ts'
import { BEGINNING_BYTES, isOfHttp, isOtherProtocol } from './other-protocol.ts'
import { HELP } from './replies.ts'
import type { Reply, Session } from './session.ts'

/** How many lines of one client are executed before other clients get their turn. */
const LINES_PER_TURN = 64
/** How long a client has to close its side after the last answer. */
const LINGER_MS = 1000
/** Keep-alive detects a peer that vanished silently, so that its message is released. */
const KEEP_ALIVE_DELAY_MS = 30_000

/**
 * One connection: each line in gets one line out, in order. Reading pauses while answers wait to be sent, so a client that
 * does not read its answers fills only its own buffers.
 */
export class Client {
  readonly #socket: Socket
  readonly #session: Session
  readonly #lines: Lines
  readonly #onIntruder: () => void
  /** The first bytes received; undefined once it is clear that the client speaks this protocol. */
  #beginning: Buffer | undefined = Buffer.alloc(0)
  #isBusy = false
  #hasEnded = false

  /** `onIntruder` is called when the connection is closed because the client speaks another protocol. */
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
    socket.on('error', () => socket.destroy()) // `close` follows
    socket.on('close', () => session.end())
    this.#send({ line: HELP })
  }

  /** Accepts no more lines; pending answers are sent within `graceMs`. Resolves when the connection is closed. */
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

  /** Executes and answers nothing that this client sends. */
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
   * The last answer was sent. Further input is read and discarded: if it were left unread, closing would make the system
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
