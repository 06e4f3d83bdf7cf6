import type { Socket } from 'node:net'
import type { LeanCall } from './lean-call.ts'

/** A call that has not begun. */
interface Beginning {
  start(): void
}

/**
 * Calls of a connection that are begun before the answers of those before them are taken. A caller may send on without
 * waiting for answers, in a few bytes each: without a bound thousands of batches would be unpacked, and their answers kept, at once.
 */
const MAX_AT_ONCE = 8

const BY_SOCKET = new WeakMap<Socket, CallsOn>()

/** The calls of a connection that wait for their answer, or for their turn. */
export class CallsOn {
  readonly #open = new Set<LeanCall>()
  readonly #waiting: Beginning[] = []
  #begun = 0

  /** Starts the call, at once or when it is its turn. */
  add(call: LeanCall, beginning: Beginning): void {
    this.#open.add(call)
    if (this.#begun === MAX_AT_ONCE) return void this.#waiting.push(beginning)
    this.#begun++
    beginning.start()
  }

  /** The answer of a call is about to be sent. */
  answered(call: LeanCall): void {
    this.#open.delete(call)
    if (this.#waiting.length === 0) this.#begun--
    else call.response.once('close', () => this.#startNext())
  }

  /** The caller has gone, or has only ended its own side and waits (`nc -N`), which looks the same: every call is still answered. */
  leave(): void {
    for (const call of this.#open) call.leave()
  }

  /** Nobody can be answered any more. */
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
