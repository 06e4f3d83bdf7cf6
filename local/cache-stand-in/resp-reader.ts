import { isInt64 } from './arguments.ts'
import {
  ARGUMENT_OVERHEAD_BYTES,
  CHUNK_OVERHEAD_BYTES,
  MAX_ARGUMENT_BYTES,
  MAX_ARGUMENTS,
  MAX_LINE_BYTES,
  MAX_REQUEST_BYTES,
} from './limits.ts'
import { splitLine } from './split-line.ts'

/** The peer sent something else than RESP, or too much: it gets this error, and the connection ends. */
export class ProtocolError extends Error {
  override readonly name = 'ProtocolError'
}

/** A command, sent as a typed line or as an array of bulk strings. */
export interface Request {
  readonly args: readonly string[]
  readonly isTyped: boolean
}

const EMPTY = Buffer.alloc(0)
const [STAR, DOLLAR, CR, LF] = [0x2a, 0x24, 0x0d, 0x0a]

/** Splits a stream of bytes into commands. It reads each byte a bounded number of times, no matter in which pieces the bytes arrive. */
export class RespReader {
  #current: Buffer = EMPTY
  #at = 0
  readonly #waiting: Buffer[] = []
  #waitingBytes = 0
  /** The arguments so far of the command that is being read. */
  #args: string[] | undefined
  #argsBytes = 0
  #argsLeft = 0
  #bulkLength: number | undefined

  /** The bytes that it holds, with their overhead. */
  get heldBytes(): number {
    return this.#unreadBytes + this.#waiting.length * CHUNK_OVERHEAD_BYTES + this.#argsBytes
  }

  get #unreadBytes(): number {
    return this.#current.length - this.#at + this.#waitingBytes
  }

  add(chunk: Buffer): void {
    this.#waiting.push(chunk)
    this.#waitingBytes += chunk.length
  }

  /** The next complete command. Throws ProtocolError. */
  next(): Request | undefined {
    const request = this.#next()
    if (!request) this.#release()
    return request
  }

  #next(): Request | undefined {
    for (;;) {
      if (this.#args) return this.#rest()
      if (!this.#has(1)) return undefined
      const isTyped = this.#current[this.#at] !== STAR
      const line = this.#line(isTyped ? LF : CR, isTyped ? 'too big inline request' : 'too big mbulk count string')
      if (!line) return undefined
      if (isTyped) {
        const args = splitLine(line)
        if (!args) throw new ProtocolError('unbalanced quotes in request')
        if (args.length > 0) return { args, isTyped }
      } else this.#beginArray(length(line, MAX_ARGUMENTS, 'invalid multibulk length'))
    }
  }

  #beginArray(count: number): void {
    if (count <= 0) return
    this.#args = []
    this.#argsBytes = 0
    this.#argsLeft = count
  }

  #rest(): Request | undefined {
    const args = this.#args!
    for (; this.#argsLeft > 0; this.#argsLeft--) {
      const arg = this.#argument()
      if (arg === undefined) return undefined
      args.push(arg)
    }
    this.#args = undefined
    this.#argsBytes = 0
    return { args, isTyped: false }
  }

  #argument(): string | undefined {
    if (this.#bulkLength === undefined) {
      if (!this.#has(1)) return undefined
      const first = this.#current[this.#at]
      if (first !== DOLLAR) throw new ProtocolError(`expected '$', got '${String.fromCharCode(first!)}'`)
      const line = this.#line(CR, 'too big bulk count string')
      if (!line) return undefined
      this.#bulkLength = length(line, MAX_ARGUMENT_BYTES, 'invalid bulk length', 0)
      if (this.#argsBytes + this.#bulkLength > MAX_REQUEST_BYTES)
        throw new ProtocolError(`too big request: more than ${MAX_REQUEST_BYTES} bytes`)
    }
    if (!this.#has(this.#bulkLength + 2)) return undefined
    const arg = this.#current.toString('latin1', this.#at, this.#at + this.#bulkLength)
    this.#at += this.#bulkLength + 2
    this.#argsBytes += this.#bulkLength + ARGUMENT_OVERHEAD_BYTES
    this.#bulkLength = undefined
    return arg
  }

  /** The line that begins here, without its end; undefined while the end is missing. A CR counts with the byte after it, as in Redis. */
  #line(end: number, tooLong: string): Buffer | undefined {
    for (;;) {
      const at = this.#current.indexOf(end, this.#at)
      const seen = (at < 0 ? this.#current.length : at) - this.#at
      if (seen > MAX_LINE_BYTES) throw new ProtocolError(tooLong)
      const after = at + (end === CR ? 2 : 1)
      if (at >= 0 && after <= this.#current.length) {
        const line = this.#current.subarray(this.#at, at)
        this.#at = after
        return line
      }
      if (!this.#has(this.#current.length - this.#at + 1)) return undefined
    }
  }

  /** Copies the last few bytes of a large piece of input, so that the piece can be freed. */
  #release(): void {
    const left = this.#current.subarray(this.#at)
    if (left.length >= this.#current.length / 2) return
    this.#current = Buffer.from(left)
    this.#at = 0
  }

  /** True when this many bytes are in one piece. */
  #has(bytes: number): boolean {
    if (this.#current.length - this.#at >= bytes) return true
    if (this.#unreadBytes < bytes) return false
    const pieces = [this.#current.subarray(this.#at)]
    let have = this.#current.length - this.#at
    while (have < bytes) {
      const piece = this.#waiting.shift()!
      this.#waitingBytes -= piece.length
      have += piece.length
      pieces.push(piece)
    }
    this.#current = Buffer.concat(pieces)
    this.#at = 0
    return true
  }
}

/** The number after the `*` or `$` of a line. */
function length(line: Buffer, max: number, wrong: string, min = -Infinity): number {
  const text = line.toString('latin1', 1)
  const value = isInt64(text) ? Number(text) : Number.NaN
  if (!(value >= min && value <= max)) throw new ProtocolError(wrong)
  return value
}
