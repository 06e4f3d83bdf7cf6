import type { ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { Line } from '../../../runtime/line.ts'

/** A call, or a request for a route. */
interface Call {
  readonly response: ServerResponse
  /** The caller may have disconnected. */
  leave(): void
}

/** A call that has not started. */
interface Beginning {
  start(): void
}

/**
 * Maximum number of calls of a connection that are in progress. A caller may send calls of a few bytes without waiting for answers.
 * Without a limit, thousands of batches would be decompressed, and their answers kept, at the same time.
 */
const MAX_AT_ONCE = 8

const BY_SOCKET = new WeakMap<Socket, CallsOn>()

/** The calls of a connection that wait for their answer or for their start. */
export class CallsOn {
  readonly #open = new Line<Call>()
  readonly #waiting: Beginning[] = []
  #begun = 0

  /** Starts the call, at once or after earlier ones. */
  add(call: Call, beginning: Beginning): void {
    this.#open.add(call)
    if (this.#begun === MAX_AT_ONCE) return void this.#waiting.push(beginning)
    this.#begun++
    beginning.start()
  }

  /** The answer of a call is about to be sent. */
  answered(call: Call): void {
    this.#open.delete(call)
    if (this.#waiting.length === 0) this.#begun--
    else call.response.once('close', () => this.#startNext())
  }

  /**
   * The caller has disconnected, or has only ended its own side and waits (`nc -N`), which looks the same. Every call still gets an
   * answer.
   */
  leave(): void {
    for (const call of this.#open.items()) call.leave()
  }

  /** No answer can be sent any more. */
  forget(): void {
    this.#waiting.length = 0
    this.leave()
  }

  #startNext(): void {
    const next = this.#waiting.shift()
    if (next === undefined) this.#begun--
    else next.start()
  }
}

export function callsOn(socket: Socket): CallsOn {
  const known = BY_SOCKET.get(socket)
  if (known !== undefined) return known
  const calls = new CallsOn()
  BY_SOCKET.set(socket, calls)
  socket.once('end', () => calls.leave()).once('close', () => calls.forget())
  return calls
}
