import { WireError } from '../wire/wire-error.ts'

const LENGTH_BYTES = 4
/** The API key, its version and the correlation id. */
const MIN_REQUEST_BYTES = 8

const SMALL_BYTES = 1024

/** Splits a stream of bytes into frames: four bytes with the length, then that many bytes. Memory grows with the bytes that arrive, not with the length that a frame claims. */
export class Frames {
  readonly #maxBytes: number
  #chunks: Buffer[] = []
  #bytes = 0

  /** `maxBytes`: longer frames are refused (`socket.request.max.bytes`). */
  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes
  }

  add(chunk: Buffer): void {
    this.#bytes += chunk.length
    const last = this.#chunks.at(-1)
    // Small chunks are joined: each separate chunk would take a hundred bytes.
    if (last !== undefined && last.length + chunk.length <= SMALL_BYTES)
      this.#chunks[this.#chunks.length - 1] = Buffer.concat([last, chunk])
    else this.#chunks.push(chunk)
  }

  /** Whether a complete frame or a malformed one is waiting. */
  get isReady(): boolean {
    return this.#bytes >= LENGTH_BYTES && this.#bytes >= LENGTH_BYTES + this.#peekLength()
  }

  /** The next frame without its length; undefined while it is incomplete. Throws `WireError` for an invalid length. */
  next(): Buffer | undefined {
    if (this.#bytes < LENGTH_BYTES) return undefined
    const length = this.#peekLength()
    if (length < MIN_REQUEST_BYTES || length > this.#maxBytes) {
      throw new WireError(`got a request of ${length} bytes, expected ${MIN_REQUEST_BYTES} to ${this.#maxBytes} (socket.request.max.bytes)`)
    }
    if (this.#bytes < LENGTH_BYTES + length) return undefined
    return this.#take(LENGTH_BYTES + length).subarray(LENGTH_BYTES)
  }

  #peekLength(): number {
    while (this.#chunks[0]!.length < LENGTH_BYTES) {
      this.#chunks.splice(0, 2, Buffer.concat(this.#chunks.slice(0, 2)))
    }
    return this.#chunks[0]!.readInt32BE(0)
  }

  #take(length: number): Buffer {
    const first = this.#chunks[0]!
    this.#bytes -= length
    if (first.length > length) {
      this.#chunks[0] = first.subarray(length)
      return first.subarray(0, length)
    }
    let count = 0
    let covered = 0
    while (covered < length) covered += this.#chunks[count++]!.length
    const taken = this.#chunks.splice(0, count)
    const last = taken[count - 1]!
    const rest = covered - length
    if (rest > 0) this.#chunks.unshift(last.subarray(last.length - rest))
    return count === 1 ? taken[0]! : Buffer.concat(taken, length)
  }
}
